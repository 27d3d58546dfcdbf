import django.db.models.expressions
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("incentives", "0002_account_reference")]

    operations = [
        migrations.AddField("payeeaccount", "pays_from", models.DateTimeField(null=True)),
        migrations.RunSQL("UPDATE incentives_payee_account SET pays_from = linked_at", migrations.RunSQL.noop),
        migrations.AlterField("payeeaccount", "pays_from", models.DateTimeField()),
        migrations.AddConstraint(
            "payeeaccount",
            models.CheckConstraint(
                condition=models.Q(pays_from__gte=django.db.models.expressions.F("linked_at")),
                name="payee_pays_after_linking",
            ),
        ),
    ]
