"""The ``helpcare`` command; one file per group of commands."""

import typer

from backend.cli import nlu, people, serving

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
app.command("run")(serving.run)
app.command("web")(serving.web)
app.command("worker")(serving.worker)
app.command("migrate")(serving.migrate_database)
app.command("demo")(serving.demo)
app.command("doctor")(serving.doctor)
app.command("chat")(serving.chat)
app.add_typer(nlu.app, name="nlu")
app.add_typer(people.users, name="user")
app.add_typer(people.tokens, name="token")
