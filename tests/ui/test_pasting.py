"""Pastes in what a terminal sends: whole whatever is in them and however it is cut, and never keys."""

from __future__ import annotations

import itertools
import os
import pty
import threading
from typing import Any

import pytest
from textual import events

from k9py.ui.pasting import END, START, Pasted, Pastes, plain_text


def read(*chunks: str, ends: bool = False) -> list[str | Pasted]:
    pastes = Pastes()
    found = [piece for chunk in chunks for piece in pastes.feed(chunk)]
    return found + list(pastes.give_up()) if ends else found


def test_a_raw_escape_inside_a_paste_does_not_end_it() -> None:
    assert read(f"a{START}one\x1btwo\x1b[31mred\x1b[0m\nthree{END}b") == ["a", Pasted("onetwored\nthree"), "b"]


def test_a_paste_is_the_same_wherever_it_is_cut() -> None:
    sent = f"j{START}x\x1b[201{END}k"
    for cut in range(len(sent) + 1):
        found = read(sent[:cut], sent[cut:])
        texts = [piece for piece in found if isinstance(piece, Pasted)]
        keys = "".join(piece for piece in found if isinstance(piece, str))
        assert (len(texts), keys) == (1, "jk"), cut
    for first, second in itertools.combinations(range(1, len(sent)), 2):
        assert any(isinstance(one, Pasted) for one in read(sent[:first], sent[first:second], sent[second:]))


def test_an_escape_key_is_kept_back_only_until_nothing_more_comes() -> None:
    pastes = Pastes()
    assert list(pastes.feed("\x1b")) == []
    assert pastes.waits is not None
    assert pastes.waits < 0.1
    assert list(pastes.give_up()) == ["\x1b"]
    assert pastes.waits is None
    assert read("\x1b[A") == ["\x1b[A"]


def test_a_paste_whose_end_never_comes_is_taken_and_keys_are_keys_again() -> None:
    pastes = Pastes()
    assert list(pastes.feed(f"{START}half")) == []
    assert list(pastes.give_up()) == [Pasted("half")]
    assert list(pastes.feed("q")) == ["q"]


@pytest.mark.parametrize(
    ("pasted", "text"),
    [
        ("a\x00b", "ab"),
        ("\x1b]0;title\x07x", "x"),
        ("tab\tline\r\n", "tab\tline\r\n"),
        ("\x9b31m", "31m"),
        ("ш🙂", "ш🙂"),
    ],
)
def test_only_text_is_left_of_a_paste(pasted: str, text: str) -> None:
    assert plain_text(pasted) == text


def test_the_driver_hands_a_paste_with_an_escape_on_as_one_text() -> None:
    from k9py.ui._driver import TerminalDriver

    taken: list[Any] = []
    main, terminal = pty.openpty()
    done = threading.Event()

    class Driver(TerminalDriver):
        def __init__(self) -> None:
            self.fileno = terminal
            self.exit_event = threading.Event()
            self.on_lost = None
            self._debug = False

        def process_message(self, message: Any) -> None:
            taken.append(message)
            if isinstance(message, events.Key) and message.key == "q":
                done.set()

    import tty

    tty.setraw(terminal)
    driver = Driver()
    thread = threading.Thread(target=driver.run_input_thread)
    thread.start()
    try:
        os.write(main, f"{START}a\x1bb\nc{END}q".encode())
        assert done.wait(30)
    finally:
        driver.exit_event.set()
        thread.join(30)
        os.close(main)
        os.close(terminal)
    assert [one.text for one in taken if isinstance(one, events.Paste)] == ["ab\nc"]
    assert [one.key for one in taken if isinstance(one, events.Key)] == ["q"]
