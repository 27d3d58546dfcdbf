"""DANA's SNAP client (signature type 2) at our wallet; its models parse what we answer."""

import json
import sys

from dana.api_client import ApiClient
from dana.disbursement.v1 import DisbursementApi
from dana.disbursement.v1.models.dana_account_inquiry_request import DanaAccountInquiryRequest
from dana.disbursement.v1.models.transfer_to_dana_inquiry_status_request import TransferToDanaInquiryStatusRequest
from dana.disbursement.v1.models.transfer_to_dana_request import TransferToDanaRequest
from dana.utils.snap_configuration import AuthSettings, Env, SnapConfiguration

told = json.load(sys.stdin)
settings = SnapConfiguration(
    api_key=AuthSettings(
        PRIVATE_KEY=told["private_key_pem"], ORIGIN="https://x", X_PARTNER_ID=told["partner_id"], CHANNEL_ID="95221",
        DANA_ENV=Env.SANDBOX, ENV=Env.SANDBOX,
    )
)  # fmt: skip
settings.host = settings._base_path = told["wallet"]
api = DisbursementApi(ApiClient(settings))
amount = {"value": "250000.00", "currency": "IDR"}
more = {"fundType": "AGENT_TOPUP_FOR_USER_SETTLE"}
asked = DanaAccountInquiryRequest.from_dict({"customerNumber": "6281", "amount": amount, "additionalInfo": more})
paid = TransferToDanaRequest.from_dict(
    {
        "partnerReferenceNo": "DANA-1", "customerNumber": "6281", "amount": amount,
        "feeAmount": {"value": "0.00", "currency": "IDR"}, "notes": "Insentif", "additionalInfo": more,
    }
)  # fmt: skip
status = TransferToDanaInquiryStatusRequest.from_dict({"originalPartnerReferenceNo": "DANA-1", "serviceCode": "38"})
answers = {
    "inquiry": api.dana_account_inquiry(asked),
    "topup": api.transfer_to_dana(paid),
    "topup_status": api.transfer_to_dana_inquiry_status(status),
}
json.dump({name: answer.to_dict() for name, answer in answers.items()}, sys.stdout)
