"""Posterior draws of a calibrated scenario; they are read and set on floor 0, where the laboratory finds them too."""

from funnelsim.config.draws import Draw, draws_text, read_draws, with_draw

__all__ = ["Draw", "draws_text", "read_draws", "with_draw"]
