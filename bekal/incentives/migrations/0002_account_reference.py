import uuid

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("incentives", "0001_initial"), ("citizens", "0002_references")]

    operations = [
        migrations.RemoveField(model_name="payeeaccount", name="account_index"),
        migrations.RemoveField(model_name="paymentorder", name="account_index"),
        migrations.AddField(
            model_name="payeeaccount", name="account_ref",
            field=models.UUIDField(default=uuid.UUID(int=0), unique=True), preserve_default=False,
        ),
        migrations.AddField(
            model_name="paymentorder", name="account_ref", field=models.UUIDField(default=uuid.UUID(int=0)),
            preserve_default=False,
        ),
    ]
