# ruff: noqa: RUF012  # made by Tortoise
from tortoise import fields, migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("hub", "0003_several")]

    initial = False

    operations = [
        ops.AddField(
            model_name="Neighbourhood",
            name="ground",
            field=fields.BinaryField(null=True),
        ),
    ]
