"""The form of every kind."""

from __future__ import annotations

from k9py.core.errors import UsageError
from k9py.core.refs import ApiResource
from k9py.manifests.forms import access, network, scaling, storage, workloads
from k9py.manifests.forms.fields import Form
from k9py.manifests.forms.schemaform import schema_form
from k9py.manifests.kinds import Kinds

FORMS = {
    (form.api_version, form.kind): form
    for form in (*storage.FORMS, *workloads.FORMS, *network.FORMS, *scaling.FORMS, *access.FORMS)
}
"""Forms made by hand, by version and kind."""


def form_for(resource: ApiResource, kinds: Kinds) -> Form:
    """Return a kind's form, made from its schema when there is none by hand; raises UsageError without a schema."""
    form = FORMS.get((resource.api_version, resource.kind))
    if form is not None:
        return form
    type_ = kinds.type_of(resource.api_version, resource.kind)
    if type_ is None:
        raise UsageError(f"the fields of {resource.kind} are not known", remedy="Connect to a cluster that has it")
    return schema_form(resource, type_)
