"""The partners' paths, as published. A client that sends a second leading slash is served too."""

from django.urls import URLPattern, re_path

from bekal.doors.partner_api import learning_views, payment_views
from bekal.doors.partner_api.wire import DjangoView

PATHS: dict[str, DjangoView] = {
    "integration/payment/quota-schedule": payment_views.quota_schedule,
    "integration/payment/send-otp": payment_views.send_otp,
    "integration/payment/authorize": payment_views.authorize,
    "integration/payment/status": payment_views.status,
    "integration/payment/void": payment_views.void,
    "integration/payment/redeem-code/status": learning_views.redeem_status,
    "integration/payment/redeem-code/commit": learning_views.redeem_commit,
    "integration/oauth/url-generate": learning_views.url_generate,
    "integration/tpm/submission": learning_views.tpm_submission,
    "integration/tpm/feedback/submission": learning_views.tpm_feedback,
    "integration/tpm/submission/status": learning_views.tpm_status,
    "integration/attendance/confirm": learning_views.attendance_confirm,
    "integration/completion/report": learning_views.completion_report,
}


def _pattern(path: str, view: DjangoView) -> URLPattern:
    return re_path(rf"^/*api/v1/{path}/?$", view, name="partner_api:" + path)


urlpatterns = [_pattern(path, view) for path, view in PATHS.items()]
