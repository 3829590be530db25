"""Teaching the encoder our messages: the slow step, whose result ships in ``nlp/encoder_model/``.

It needs the optional libraries of the extra ``finetune``; nothing outside this package does.
"""

from nlp.finetuning.running import LibrariesMissing, run

__all__ = ["LibrariesMissing", "run"]
