// Midtrans' SNAP client (signature type 1, with a token) at our bank, and its signature of a body with other than ASCII.
const { SnapBi, SnapBiConfig } = require(process.env.JUDGES + "/midtrans-client");

let input = "";
process.stdin.on("data", (chunk) => (input += chunk));
process.stdin.on("end", async () => {
  const told = JSON.parse(input);
  SnapBiConfig.isProduction = false;
  SnapBiConfig.SNAP_BI_SANDBOX_BASE_URL = told.bank;
  SnapBiConfig.snapBiClientId = told.client_id;
  SnapBiConfig.snapBiPrivateKey = told.private_key_pem;
  SnapBiConfig.snapBiClientSecret = told.secret;
  SnapBiConfig.snapBiPartnerId = told.partner_id;
  SnapBiConfig.snapBiChannelId = "95221";
  const call = async (path, id, body) => {
    const client = new SnapBi("va");
    client.apiPath = path;
    return client.withBody(body).createConnection(id);
  };
  const amount = { value: "250000.00", currency: "IDR" };
  const transfer = {
    partnerReferenceNo: "MID-1", amount, beneficiaryAccountName: "Siti / Été", beneficiaryAccountNo: "200",
    beneficiaryBankCode: "014", sourceAccountNo: told.source_account, transactionDate: told.at,
  };
  console.log(JSON.stringify({
    transfer: await call("/v1.0/transfer-interbank", "700001", transfer),
    status: await call("/v1.0/transfer/status", "700002", {
      originalPartnerReferenceNo: "MID-1", serviceCode: "18", transactionDate: told.at, amount,
    }),
    signature: SnapBi.getSymmetricSignatureHmacSh512(
      told.token, told.body, "POST", told.target, told.secret, told.at,
    ),
  }));
});
