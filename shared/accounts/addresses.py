"""[p] Email addresses as people type them."""

from email_validator import EmailNotValidError, validate_email

from shared.errors import FieldProblem, Invalid


def clean_address(email: str) -> str:
    """
    Return an address in its normal form: one mailbox, written one way.

    Raises: Invalid, naming the field `email`.
    """
    try:
        return validate_email(email.strip(), check_deliverability=False).normalized
    except EmailNotValidError:
        problem = FieldProblem("email", "format", "as in name@example.org")
        raise Invalid("this is no email address", problem) from None
