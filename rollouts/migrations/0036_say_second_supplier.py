"""Say second Supplier where a kind of instruction is named. Changes no table."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('rollouts', '0035_rights_of_functions'),
    ]

    operations = [
        migrations.AlterField(
            model_name='instruction',
            name='kind',
            field=models.CharField(choices=[('INSTRUCT', 'Instruct'), ('AGREE', "Agree to the second Supplier's time"), ('DECLINE', 'Decline to choose'), ('WITHDRAW', 'Withdraw')], max_length=8),
        ),
    ]
