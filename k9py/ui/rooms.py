"""The parts of the program that are opened by a key, each made when it is first used."""

from __future__ import annotations

from typing import TYPE_CHECKING

from k9py.core.errors import K9Error

if TYPE_CHECKING:
    from k9py.kube.session import Session
    from k9py.ui.app import K9App
    from k9py.ui.changing.desk import ChangeDesk
    from k9py.ui.editor.opening import EditWork
    from k9py.ui.forms.opening import FormWork
    from k9py.ui.opening import Opener
    from k9py.ui.pods import PodWork


class Rooms:
    """Pods, changes, forms and the editor: none of them is imported before the first frame."""

    def __init__(self, app: K9App) -> None:
        self._app = app
        self._pods: PodWork | None = None
        self._desk: ChangeDesk | None = None
        self._forms: FormWork | None = None
        self._editing: EditWork | None = None
        self._opener: Opener | None = None

    @property
    def session(self) -> Session:
        """The session in use; raises K9Error without one."""
        session = self._app.session
        if session is None:
            raise _no_cluster()
        return session

    @property
    def opener(self) -> Opener:
        """What shows views of the session in use; raises K9Error without one."""
        if self._opener is None:
            raise _no_cluster()
        return self._opener

    @property
    def pods(self) -> PodWork:
        """What is done with the containers of pods."""
        if self._pods is None:
            # Deferred: logs and shells, 15 ms, used by a key long after the first frame.
            from k9py.ui.pods import PodWork

            self._pods = PodWork(self._app)
        return self._pods

    @property
    def desk(self) -> ChangeDesk:
        """What changes the cluster of the session in use; raises K9Error without one."""
        session = self.session
        if self._desk is None or self._desk.session is not session:
            # Deferred: the gate and every manifest rule, used by a key long after the first frame.
            from k9py.ui.changing.desk import ChangeDesk

            self._desk = ChangeDesk(self._app, session)
        return self._desk

    @property
    def forms(self) -> FormWork:
        """What is made and changed by form."""
        if self._forms is None:
            # Deferred: forms, editor and every manifest rule, 150 ms, used by a key long after the first frame.
            from k9py.ui.forms.opening import FormWork

            self._forms = FormWork(self._app)
        return self._forms

    @property
    def editing(self) -> EditWork:
        """What opens the editor."""
        if self._editing is None:
            # Deferred: the editor and the schemas behind it, opened by a key long after the first frame.
            from k9py.ui.editor.opening import EditWork

            self._editing = EditWork(self._app)
        return self._editing

    def tell_drafts(self) -> None:
        """Say what earlier runs left behind."""
        # Deferred: drafts, 20 ms, only where there are any.
        from k9py.ui.editor.keeping import tell_drafts

        tell_drafts(self._app)

    def cancel(self) -> bool:
        """Cancel what is going on with a pod; False when nothing is."""
        return self._pods is not None and self._pods.cancel()

    def open_session(self, session: Session) -> None:
        """Show views of another session."""
        # Deferred: every kind and its columns, 80 ms that the first frame does not wait for.
        from k9py.ui.opening import Opener

        self._opener = Opener(session, self._app.connector.contexts)

    def leave_session(self) -> None:
        """Let go of the session in use."""
        self._opener = None
        desk, self._desk = self._desk, None
        if desk is not None:
            self._app.start_quietly(desk.close(), name="close the desk")

    async def close(self) -> None:
        """Stop what still follows a change."""
        if self._desk is not None:
            await self._desk.close()


def _no_cluster() -> K9Error:
    return K9Error("there is no cluster yet", remedy="Choose a context with :ctx, or wait for this one")
