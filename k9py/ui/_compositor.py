"""Textual's compositor for small changes; private parts, so used for tested versions only (see ``_compat``).

Textual renders every widget of the screen for each frame, and cuts every one of their lines to pieces. Here only those
that a change touches are rendered, from the front to the one that covers the change: a step of the cursor is the table
and nothing else, which is a fifth of a held key's cost.
"""

from __future__ import annotations

from collections.abc import Iterable

from textual._compositor import Compositor
from textual.geometry import Region
from textual.strip import Strip


class TightCompositor(Compositor):
    """Renders what a change touches."""

    def _get_renders(self, crop: Region | None = None) -> Iterable[tuple[Region, Region, list[Strip]]]:
        """Yield region, clip and lines of the widgets in sight inside ``crop``, front first."""
        if crop is None:
            yield from super()._get_renders()
            return
        for widget, (region, clip) in self.visible_widgets.items():
            shown = region.intersection(clip)
            if not shown.overlaps(crop):
                continue
            strips = widget.render_lines(shown.translate(-region.offset))
            yield region, clip, strips
            if shown.contains_region(crop) and len(strips) == shown.height:
                return  # whatever lies behind is covered
