"""``helpcare nlu``: train, fine-tune, predict, evaluate, corrections."""

import json
import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import Progress

from backend.cli.environment import errors, load_settings, out

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from nlp.pipeline import Pipeline

app = typer.Typer(no_args_is_help=True, help="Train and try the understanding of messages.")


@app.command()
def train(
    force: Annotated[bool, typer.Option(help="Replace a better model too")] = False,
) -> None:
    """Train the model from training_data/."""
    settings = load_settings()
    train_model(settings.model_dir, force=force, encoder=settings.encoder)


@app.command("fine-tune")
def fine_tune(
    out_folder: Annotated[
        Path | None, typer.Option("--out", help="Default: the one that ships, in nlp/")
    ] = None,
) -> None:
    """Fine-tune the encoder from training_data/: half an hour on two cores, seldom needed.

    Run `helpcare nlu train` afterwards.
    """
    # imported late: it needs the extra "finetune"
    from nlp.encoder import SHIPPED
    from nlp.finetuning import LibrariesMissing, run

    folder = out_folder or SHIPPED
    try:
        with Progress(console=errors, transient=True) as progress:
            task = progress.add_task("Fine-tuning", total=1.0)
            card = run(
                folder,
                lambda step, part: progress.update(task, description=step, completed=part),
            )
    except LibrariesMissing as missing:
        errors.print(f"[red]{missing}[/red]", highlight=False)
        raise typer.Exit(1) from None
    scores = ", ".join(f"{name} {value:.3f}" for name, value in card.scores.items())
    out.print(f"Encoder: {folder} ({scores})", highlight=False)


@app.command()
def predict() -> None:
    """Read JSON lines {"text": …} on standard input, write what was understood, line by line."""
    from nlp.commands import predict as predict_lines

    pipeline = _load(load_settings().model_dir)
    for line in predict_lines(sys.stdin, pipeline):
        sys.stdout.write(line + "\n")
        sys.stdout.flush()


@app.command()
def evaluate(
    file: Annotated[Path, typer.Argument(exists=True)],
    picture: Annotated[Path | None, typer.Option(help="Write the confusions as a PNG")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON")] = False,
) -> None:
    """Measure the model on a file of labelled messages."""
    from nlp.evaluation import confusion_picture
    from nlp.evaluation import evaluate as evaluate_file

    report = evaluate_file(_load(load_settings().model_dir), file)
    if as_json:
        out.print_json(data=report.as_dict())
    else:
        out.print(report.text(), highlight=False)
    if picture is not None:
        confusion_picture(report, picture)
        out.print(f"Confusions: {picture}")


@app.command()
def corrections() -> None:
    """Write what agents corrected in the console, in the format of the training data."""
    # imported late, so that other commands start fast
    from backend.cli.unit_of_work import in_transaction
    from backend.conversations.corrections import as_training_data

    async def write(session: "AsyncSession", _now: datetime) -> None:
        async for row in as_training_data(session):
            sys.stdout.write(json.dumps(row, ensure_ascii=False) + "\n")

    in_transaction(write)


def train_model(folder: Path, *, force: bool, encoder: str = "") -> None:
    """Train with a progress bar; exits 1 when the new model is worse than the old one."""
    from nlp.encoder import EncoderUnavailable
    from nlp.manifest import ModelDamaged, ModelMissing
    from nlp.training import WorseModel
    from nlp.training import train as train_folder

    with Progress(console=errors, transient=True) as progress:
        task = progress.add_task("Training", total=1.0)
        try:
            manifest = train_folder(
                folder,
                progress=lambda step, part: progress.update(task, description=step, completed=part),
                force=force,
                encoder=encoder,
            )
        except (WorseModel, ModelMissing, ModelDamaged, EncoderUnavailable) as problem:
            errors.print(f"[red]{problem}[/red]", highlight=False)
            raise typer.Exit(1) from None
    scores = ", ".join(f"{name} {value:.3f}" for name, value in manifest.scores.items())
    out.print(f"Model: {folder} ({scores})", highlight=False)


def _load(folder: Path) -> "Pipeline":
    # imported late, so that other commands start fast
    from nlp.pipeline import ModelDamaged, ModelMissing, Pipeline

    try:
        return Pipeline.load(folder)
    except (ModelMissing, ModelDamaged) as error:
        errors.print(f"[red]{error}[/red]", highlight=False)
        raise typer.Exit(1) from None
