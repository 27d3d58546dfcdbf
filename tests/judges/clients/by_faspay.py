"""Faspay's SNAP client (signature type 2) at our bank and our wallet. In: JSON on standard input; out: its answers."""

import json
import sys
from pathlib import Path

from FaspaySendmeSnap import Api

told = json.load(sys.stdin)
Path("key.pem").write_text(told["private_key_pem"])


def at(host: str) -> type:
    """The client, pointed at a host."""
    lines = ["[development]", f"host = {host}", f"partner_id = {told['partner_id']}", "channel_id = 88001"]
    Path("SendMeConfig.ini").write_text("\n".join([*lines, "key_path = key.pem"]))
    return Api.Services


amount = {"value": "250000.00", "currency": "IDR"}
bank = at(told["bank"])
answers = {
    "inquiry": bank.accountInquiry(
        bank, {"beneficiaryBankCode": "014", "beneficiaryAccountNo": "200", "partnerReferenceNo": "FAS-I"}
    ),
    "transfer": bank.transferInterbank(
        bank,
        {
            "partnerReferenceNo": "FAS-1", "amount": amount, "beneficiaryAccountName": "Siti / Été",
            "beneficiaryAccountNo": "200", "beneficiaryBankCode": "014", "beneficiaryEmail": "",
            "sourceAccountNo": told["source_account"], "transactionDate": told["at"],
        },
    ),
    "status": bank.transferStatus(
        bank,
        {"originalPartnerReferenceNo": "FAS-1", "serviceCode": "18", "transactionDate": told["at"], "amount": amount},
    ),
    "balance": bank.balanceInquiry(bank, {"accountNo": told["source_account"]}),
}  # fmt: skip
wallet = at(told["wallet"])
answers["topup"] = wallet.topupEmoney(
    wallet,
    {
        "partnerReferenceNo": "FAS-2", "customerNumber": "6281", "amount": amount,
        "feeAmount": {"value": "0.00", "currency": "IDR"}, "transactionDate": told["at"],
    },
)  # fmt: skip
answers["topup_status"] = wallet.emoneyStatus(wallet, {"originalPartnerReferenceNo": "FAS-2", "serviceCode": "38"})
json.dump(answers, sys.stdout)
