"""BNI's SNAP client (signature type 1, with a token) at our bank.

It calls `OpenSSL.crypto.sign`, which later pyOpenSSL removed; the same operation of cryptography is put in its place.
"""

import json
import sys
from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from OpenSSL import crypto

crypto.sign = lambda key, data, _digest: key.to_cryptography_key().sign(data, padding.PKCS1v15(), hashes.SHA256())

from bnipython import BNIClient, SnapBI  # noqa: E402
from bnipython.lib.util import constants  # noqa: E402

told = json.load(sys.stdin)
Path("key.pem").write_text(told["private_key_pem"])
constants.DEV_BASE_URL = told["bank"]
client = BNIClient(
    {
        "env": "dev", "appName": "x", "clientId": told["client_id"], "clientSecret": "x",
        "apiKey": told["partner_id"], "apiSecret": told["secret"],
    }
)  # fmt: skip
snap = SnapBI(client, {"privateKeyPath": "./key.pem", "channelId": "95221"})
amount = {"value": "250000.00", "currency": "IDR"}
common = {
    "partnerReferenceNo": "BNI-1", "amount": amount, "beneficiaryAccountNo": "100", "beneficiaryEmail": "",
    "currency": "IDR", "customerReference": "", "feeType": "OUR", "remark": "Insentif",
    "sourceAccountNo": told["source_account"], "transactionDate": told["at"],
}  # fmt: skip
json.dump(
    {
        "balance": snap.balanceInquiry({"partnerReferenceNo": "BNI-B", "accountNo": told["source_account"]}),
        "internal": snap.internalAccountInquiry({"partnerReferenceNo": "BNI-I", "beneficiaryAccountNo": "100"}),
        "external": snap.externalAccountInquiry(
            {"partnerReferenceNo": "BNI-E", "beneficiaryAccountNo": "200", "beneficiaryBankCode": "014"}
        ),
        "intrabank": snap.transferIntraBank(common),
        "interbank": snap.transferInterBank(
            common
            | {
                "partnerReferenceNo": "BNI-2", "beneficiaryAccountNo": "200", "beneficiaryAccountName": "SITI",
                "beneficiaryBankCode": "014", "beneficiaryBankName": "", "beneficiaryAddress": "",
            }
        ),
        "status": snap.transactionStatusInquiry(
            {
                "originalPartnerReferenceNo": "BNI-1", "originalReferenceNo": "", "originalExternalId": "",
                "serviceCode": "17", "transactionDate": told["at"], "amount": amount,
            }
        ),
    },
    sys.stdout,
)  # fmt: skip
