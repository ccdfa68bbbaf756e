"""The form that names whose personal data is erased."""

from django import forms


class EraseForm(forms.Form):
    """An address, and once its requests were shown, the same address typed again."""

    email = forms.EmailField(label="E-mail address of the requester", max_length=254)
    again = forms.CharField(label="Type the address again to erase it all", required=False, max_length=254)

    def is_confirmed(self) -> bool:
        """Whether the address was typed again, whatever its case."""
        again = str(self.cleaned_data["again"]).strip()
        return again.casefold() == str(self.cleaned_data["email"]).casefold()
