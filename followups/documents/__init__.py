"""What becomes PDF: the protocol of a contact."""

from followups.documents.protocol import context, follow_up_pdf, store_pdf

__all__ = ["context", "follow_up_pdf", "store_pdf"]
