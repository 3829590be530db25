"""How well messages are understood: the goals of the understanding, on data that nobody tuned on.

Only figures are printed, never a message of ``training_data/blind``: whoever reads them would tune.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from random import Random

from benchmarks import few_phrases, peers, told_again
from benchmarks.measured import Measured
from benchmarks.noise import capitals, mistyped, without_accents
from support.model import trained_model_folder

from nlp import scores
from nlp.corpus import DATA, Example, read
from nlp.encoder import open_encoder
from nlp.evaluation import NOW, evaluate_examples
from nlp.pipeline import Pipeline
from nlp.scores import Pair

SHARED = Path(__file__).parents[3] / "shared" / "data"
REFUSED = frozenset(
    {"dev-negado", "blind-narrador", "blind-traspaso-no"}
)  # writers who refuse or tell of a person


def measure() -> list[Measured]:
    pipeline = Pipeline.load(trained_model_folder())
    blind = read(DATA / "blind")
    report = evaluate_examples(pipeline, blind)
    found = report.scores
    return [
        Measured("intent: unseen messages", len(blind), "", 600),
        Measured("intent: accuracy", found["accuracy"], "", 0.90),
        Measured("intent: macro-F1", found["macro_f1"], "", 0.88),
        *_peers(blind),
        Measured("out of scope: recall", found["out_of_scope_recall"], "", 0.85),
        Measured("out of scope: in scope kept", found["in_scope_kept"], "", 0.95),
        *_hand_off([*report.pairs, *evaluate_examples(pipeline, read(DATA / "dev")).pairs]),
        Measured("several intents: exact set", found["exact_set_of_several"], "", 0.75),
        Measured(
            "confidence: calibration error", found["calibration_error"], "", 0.05, at_least=False
        ),
        Measured("entities: span-and-type F1", found["entity_f1"], "", 0.92),
        Measured("entities: value right of found", found["entity_value"], "", 0.95),
        Measured("urgency: right", found.get("urgency", 0.0)),
        Measured("sentiment: right", found.get("sentiment", 0.0)),
        *_noise(pipeline, blind, found["accuracy"]),
        *_nlpjs(),
        *told_again.measure(pipeline),
    ]


def _peers(blind: Sequence[Example]) -> list[Measured]:
    train = read(DATA / "train")
    texts, labels = [e.text for e in train], [e.main for e in train]
    asked, wanted = [e.text for e in blind], [e.main for e in blind]

    def right(predict: peers.Predict) -> float:
        return scores.share([a == b for a, b in zip(predict(asked), wanted, strict=True)])

    found = [Measured("intent: beside TF-IDF + linear SVC", right(peers.tfidf_svc(texts, labels)))]
    if peers.can_embed_frozen():
        from nlp.finetuning.frozen import embed

        value = right(peers.frozen_e5(embed, texts, labels))
        found.append(Measured(f"intent: beside {peers.FROZEN}", value))
    else:
        print(f"left out: {peers.FROZEN} (pip install -c constraints.txt -e '.[finetune]')")
    return found


def _hand_off(pairs: Sequence[Pair]) -> list[Measured]:
    refused = [p for p in pairs if p.example.style in REFUSED]
    wanted = [p for p in pairs if "hablar_humano" in p.example.intents]
    wrong = sum(p.understood.has("hablar_humano", 0.0) for p in refused)
    heard = scores.share([p.understood.has("hablar_humano") for p in wanted])
    return [
        Measured("hand-off: refused or told messages", len(refused), "", 60),
        Measured("hand-off: wrong among them", wrong, "", 0, at_least=False),
        Measured("hand-off: real requests heard", heard, "", 0.98),
    ]


def _noise(pipeline: Pipeline, blind: Sequence[Example], before: float) -> list[Measured]:
    found = []
    for what, change in (
        ("typing errors in 15 % of words", mistyped),
        ("no accents", without_accents),
        ("all capitals", capitals),
    ):
        random = Random(7)
        understood = pipeline.understand_many([change(e.text, random) for e in blind], now=NOW)
        after = scores.share([u.intent == e.main for u, e in zip(understood, blind, strict=True)])
        lost = 100 * (before - after)
        found.append(Measured(f"noise: lost by {what}", lost, "points", 4, at_least=False))
    return found


def _nlpjs() -> list[Measured]:
    """Our recipe on NLP.js's own phrases; their figure for all 256 tests is 96.1 %."""
    folder = SHARED / "nlpjs_corpus50"
    if not folder.is_dir():
        print("left out: NLP.js corpus-50 (no ../shared/data/nlpjs_corpus50)")
        return []
    train, test = (
        [json.loads(line) for line in (folder / name).read_text(encoding="utf-8").splitlines()]
        for name in ("es_train.jsonl", "es_test.jsonl")
    )
    predict = few_phrases.train(
        [row["text"] for row in train], [row["intent"] for row in train], open_encoder()
    )
    found = predict([row["text"] for row in test])
    right = scores.share([a == row["intent"] for a, row in zip(found, test, strict=True)])
    return [Measured(f"NLP.js corpus-50, Spanish, {len(test)} tests", right, "", 0.961)]
