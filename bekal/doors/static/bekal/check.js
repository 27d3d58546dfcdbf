/* Checks a receipt of a draw against the proof file of its block: docs/draw.md §5, §6, §11. Needs WebCrypto.
   checkReceipt(receiptText, proofBytes) -> {verdict, checks, values} knows no page; the page stands at the end. */
"use strict";

const CHAINS = [ /* hash, scheme, genesis, period; a full verifier knows their keys too */
  ["52db9ba70e0cc0f6eaf7803dd07447a1f5477735fd3f661792ba94600c84e971", "bls-unchained-g1-rfc9380", 1692803367, 3],
  ["8990e7a9aaed2ffed73dbd7092123d6f289930540d7651336225dc172e51b2ce", "pedersen-bls-chained", 1595431050, 30],
];
const BLOCK_SIZE = 65536;

function must(holds) { if (!holds) throw new Error("does not hold"); }
function whole(...numbers) { must(numbers.every(one => Number.isSafeInteger(one) && one >= 0)); }
function members(value, names) { must(Object.keys(value).sort().join(" ") === names); }

function canonical(value) { /* RFC 8785; all numbers are whole */
  if (Array.isArray(value)) return `[${value.map(canonical)}]`;
  if (value && typeof value === "object")
    return `{${Object.keys(value).sort().map(name => JSON.stringify(name) + ":" + canonical(value[name]))}}`;
  must(typeof value !== "number" || Number.isSafeInteger(value));
  return JSON.stringify(value);
}

const utf8 = text => new TextEncoder().encode(text);
function join(...parts) {
  const whole = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  parts.reduce((at, part) => { whole.set(part, at); return at + part.length; }, 0);
  return whole;
}
const toHex = bytes => Array.from(bytes, byte => byte.toString(16).padStart(2, "0")).join("");
const hex8 = number => number.toString(16).padStart(16, "0");
function fromHex(text, size) {
  must(text.length === 2 * size && /^[0-9a-f]*$/.test(text));
  return Uint8Array.from(text.match(/../g), byte => parseInt(byte, 16));
}
function fromBase64(text, size) { /* in pieces of `size` bytes */
  const raw = Uint8Array.from(atob(text), letter => letter.charCodeAt(0));
  must(btoa(atob(text)) === text && raw.length % size === 0);
  return Array.from({ length: raw.length / size }, (_, at) => raw.subarray(at * size, (at + 1) * size));
}
function label(text) {
  const bytes = utf8(text);
  must(typeof text === "string" && bytes.length > 0 && bytes.length < 256);
  return join([bytes.length], bytes);
}
const sha256 = async bytes => new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
const hashOf = async value => toHex(await sha256(utf8(canonical(value))));

/* The root to which a range proof leads neighbouring leaves, from leaf `first` on, in a tree of `size` leaves. */
async function rangeRoot(path, first, leaves, size) {
  const hashes = fromBase64(path, 32), end = first + leaves.length;
  whole(first, size);
  must(first < end && end <= size);
  async function root(from, to) {
    if (to <= first || from >= end) {
      must(hashes.length > 0);
      return hashes.shift();
    }
    if (to - from === 1) return sha256(join([0], leaves[from - first]));
    let half = 1;
    while (2 * half < to - from) half *= 2;
    const left = await root(from, from + half);
    return sha256(join([1], left, await root(from + half, to)));
  }
  const found = await root(0, size);
  must(hashes.length === 0);
  return toHex(found);
}

async function ticketKey(randomness, commitment) {
  const salted = { name: "HKDF", hash: "SHA-256", salt: fromHex(commitment, 32), info: utf8("bekal-draw/1 tickets") };
  const input = await crypto.subtle.importKey("raw", fromHex(randomness, 32), "HKDF", false, ["deriveBits"]);
  const key = await crypto.subtle.deriveBits(salted, input, 256);
  return crypto.subtle.importKey("raw", key, "AES-CTR", false, ["encrypt"]);
}
/* Sixteen hex digits: as texts, tickets order like their numbers. */
async function ticketOf(key, position) {
  async function keystream(high, block, from, size) {
    const counter = fromHex(high + "00000000000000" + hex8(Math.floor(block)), 16);
    const bytes = await crypto.subtle.encrypt({ name: "AES-CTR", counter, length: 128 }, key, new Uint8Array(16));
    return new Uint8Array(bytes, from, size);
  }
  const low = await keystream("80", position / 2, 8 * (position % 2), 6);
  return toHex(join(low, await keystream("00", position / 8, 2 * (position % 8), 2)).reverse());
}

function readReceipt(text) {
  const receipt = JSON.parse(text), { wave, stratum } = receipt;
  members(receipt, "block commitment format path position sequence stratum ticket_id wave");
  members(stratum, "first group index people places region");
  must(receipt.format === "bekal-draw-receipt/1" && typeof wave === "string" && /^[^/]+\/\d+$/.test(wave));
  whole(receipt.sequence, receipt.position, receipt.block, stratum.index);
  whole(stratum.first, stratum.people, stratum.places);
  return receipt;
}
function readProof(bytes) {
  must(toHex(bytes.subarray(0, 8)) === "424b4c50524f4601");
  const end = 12 + new DataView(bytes.buffer, bytes.byteOffset).getUint32(8);
  const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes.subarray(12, end));
  const proof = JSON.parse(text), { commitment, beacon, thresholds } = proof, { roll } = commitment;
  members(proof, "beacon block blocks commitment path thresholds");
  must(canonical(proof) === text && (beacon === null) === (thresholds === null));
  must(commitment.format === "bekal-draw-commitment/1" && commitment.algorithm === "bekal-draw/1");
  must(proof.blocks === Math.ceil(roll.bytes / BLOCK_SIZE));
  return [proof, bytes.subarray(end)];
}

/* In the order of the page. Each throws when it does not hold, and returns false when it cannot be made. */
const CHECKS = {
  file(at) {
    [at.proof, at.bytes] = readProof(at.bytes);
    at.commitment = at.proof.commitment;
  },
  async commitment({ receipt, commitment, values }) {
    values.promised = receipt.commitment;
    values.commitment = await hashOf(commitment);
    must(values.commitment === receipt.commitment);
    must(commitment.wave === receipt.wave && commitment.sequence === receipt.sequence);
  },
  async stratum({ receipt: { path, stratum }, commitment, values }) {
    const { index, region, group, first, people, places } = stratum, { count, root } = commitment.strata;
    Object.assign(values, { stratum: `${region} · ${group}`, people, places });
    const numbers = fromHex(hex8(first) + hex8(people) + hex8(places), 24);
    must(await rangeRoot(path, index, [join(label(region), label(group), numbers)], count) === root);
  },
  entry({ receipt: { ticket_id: id, position, block, stratum }, proof, bytes, values }) {
    const offset = proof.commitment.roll.entries_at + 16 * position, inside = offset % BLOCK_SIZE;
    Object.assign(values, { id, position });
    must(position >= stratum.first && position < stratum.first + stratum.people);
    must(block === Math.floor(offset / BLOCK_SIZE) && block === proof.block);
    must(toHex(bytes.subarray(inside, inside + 16)) === id);
  },
  async roll({ proof, bytes, commitment, values }) {
    values.roll = await rangeRoot(proof.path, proof.block, [bytes], proof.blocks);
    must(values.roll === commitment.roll.root);
  },
  source({ commitment: { source, committed_at: committed }, values }) {
    const { kind, chain_hash: hash, scheme, genesis, period, round, due_at: due } = source;
    values.due = due;
    must(Date.parse(due) - Date.parse(committed) >= 60000);
    if (kind === "ceremony") return must(source.parties.length >= 3);
    must(kind === "drand" && round >= 1 && Date.parse(due) === 1000 * (genesis + period * (round - 1)));
    values.round = round;
    if (!CHAINS.some(chain => canonical(chain) === canonical([hash, scheme, genesis, period]))) return false;
    values.drand = `https://api.drand.sh/${hash}/public/${round}`;
  },
  async randomness(at) {
    const { proof: { beacon }, commitment: { source }, values } = at;
    if (beacon === null) return false;
    if (source.kind === "drand") {
      const { signature, previous_signature: previous } = beacon, chained = source.scheme === CHAINS[1][1];
      members(beacon, "number previous_signature randomness signature");
      must(beacon.number === source.round && (previous !== "") === chained);
      values.randomness = toHex(await sha256(fromHex(signature, chained ? 96 : 48)));
      must(values.randomness === beacon.randomness);
    } else {
      const { secrets } = beacon;
      members(beacon, "secrets");
      must(Object.keys(secrets).length === source.parties.length);
      for (const { name, sealed } of source.parties)
        must(await hashOf({ format: "bekal-draw-secret/1", by: name, secret: secrets[name] }) === sealed);
      values.randomness = await hashOf({ format: "bekal-draw-ceremony/1", commitment: values.commitment, secrets });
    }
    at.key = await ticketKey(values.randomness, values.commitment);
  },
  async thresholds(at) {
    const { proof: { thresholds }, receipt: { stratum }, commitment, values } = at;
    if (thresholds === null) return false;
    const { root, first, rows, path } = thresholds, leaves = fromBase64(rows, 16);
    members(thresholds, "first path root rows");
    values.thresholds = await rangeRoot(path, first, leaves, commitment.strata.count);
    must(values.thresholds === root);
    const row = toHex(leaves[stratum.index - first]);
    [at.threshold, at.last] = [row.slice(0, 16), parseInt(row.slice(16), 16)];
  },
  async ticket(at) { /* and the threshold: it is the ticket of the last winner, who is of this stratum */
    const { key, threshold, last, receipt: { position, stratum }, values } = at;
    if (!key || !threshold) return false;
    values.ticket = await ticketOf(key, position);
    if (stratum.places === 0) return must(threshold === hex8(0) && last === 0);
    values.threshold = threshold;
    must(last >= stratum.first && last < stratum.first + stratum.people && await ticketOf(key, last) === threshold);
    at.won = values.ticket < threshold || (values.ticket === threshold && position <= last);
  },
};

/* verdict: won, lost, waiting (for the draw), wrong, or unreadable (the text is no receipt);
   checks: [{name, state: good, wrong or open}]; values: what was compared, by name. */
async function checkReceipt(receiptText, proofBytes) {
  const at = { bytes: proofBytes, values: {} }, checks = [];
  try {
    at.receipt = readReceipt(receiptText);
  } catch (error) {
    return { verdict: "unreadable", checks, values: at.values };
  }
  for (const [name, holds] of Object.entries(CHECKS)) {
    let state = "open";
    try {
      if (at.proof || name === "file") state = await holds(at) === false ? "open" : "good";
    } catch (error) {
      state = "wrong";
    }
    checks.push({ name, state });
  }
  const wrong = checks.some(check => check.state === "wrong");
  const verdict = wrong ? "wrong" : at.proof.beacon === null ? "waiting" : at.won ? "won" : "lost";
  return { verdict, checks, values: at.values };
}

/* The page /terbuka/undian/periksa. All its words stand in its templates; a receipt may come as the address's #part. */
function startPage(form) {
  const find = name => document.getElementById(name), verdict = find("verdict"), receipt = form.elements.receipt;
  const words = name => find(name).content.cloneNode(true);
  const write = (place, part) => { place.textContent = ""; place.appendChild(part); };

  async function fetchProof({ wave, sequence, block }) {
    const address = `/terbuka/undian/${wave.split("/")[1]}/${sequence}/blok/${block}`;
    const answer = await fetch(address, { credentials: "omit" });
    must(answer.ok);
    return new Uint8Array(await answer.arrayBuffer());
  }
  async function check(text) {
    const found = await checkReceipt(text);
    if (found.verdict === "unreadable") return found;
    const bytes = await fetchProof(readReceipt(text)).catch(() => null);
    return bytes ? checkReceipt(text, bytes) : { verdict: "missing", checks: [], values: {} };
  }
  function show(found) {
    const part = words(`say-${found.verdict}`), failed = part.querySelector("ul");
    for (const line of document.querySelectorAll("[data-check]")) {
      const { name, state } = found.checks.find(one => one.name === line.dataset.check) || { state: "open" };
      const [what, mark] = line.firstChild.children;
      line.className = state;
      write(mark, words(`state-${state}`));
      if (state === "wrong") failed.appendChild(document.createElement("li")).textContent = what.textContent;
      if (state === "open" && name === "source") part.appendChild(words("say-unknown"));
    }
    for (const place of document.querySelectorAll("[data-value]")) {
      place.textContent = found.values[place.dataset.value];
      place.parentNode.hidden = !place.textContent;
    }
    find("drand").hidden = !found.values.drand;
    find("drand").href = found.values.drand || "";
    find("values").hidden = !found.checks.length;
    write(verdict, part);
    verdict.focus();
  }
  let busy = false;
  form.addEventListener("submit", async event => {
    event.preventDefault();
    if (busy) return;
    busy = true;
    write(verdict, words("say-working"));
    show(await check(receipt.value));
    busy = false;
  });
  form.elements.file.addEventListener("change", async ({ target: { files } }) => {
    if (files.length) receipt.value = await files[0].text();
  });
  find("no-script").hidden = true;
  (window.crypto && crypto.subtle ? form : find("no-crypto")).hidden = false;
  if (location.hash.startsWith("#%7B")) receipt.value = decodeURIComponent(location.hash.slice(1));
}
if (document.getElementById("check")) startPage(document.getElementById("check"));
