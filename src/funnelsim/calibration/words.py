"""The words by which columns and values of CRM exports are known, in English and some German."""

from __future__ import annotations

LEADS: dict[str, tuple[str, ...]] = {
    "created": (
        "created", "created at", "created on", "created date", "create date", "creation date", "date created",
        "lead created", "createdate", "submitted at", "received", "registered at", "timestamp", "date", "angelegt am",
        "erstellt am", "erstelldatum",
    ),
    "key": ("lead id", "deal id", "record id", "opportunity id", "id", "lead number", "deal number", "leadid"),
    "contact": ("contact id", "person id", "customer id", "contactid", "email", "e mail", "phone", "kontakt id"),
    "channel": (
        "source", "lead source", "channel", "original source", "original traffic source", "utm source", "origin",
        "traffic source", "marketing channel", "quelle", "kanal",
    ),
    "owner": (
        "owner", "lead owner", "contact owner", "deal owner", "hubspot owner", "rep", "sales rep", "assigned to",
        "agent", "salesperson", "account executive", "responsible", "besitzer", "verkäufer",
    ),
    "stage": ("stage", "deal stage", "lifecycle stage", "lead status", "status", "pipeline stage", "state", "phase"),
    "lost_reason": ("lost reason", "loss reason", "closed lost reason", "reason lost", "reason", "verlustgrund"),
    "closed": (
        "closed", "close date", "closed date", "closing date", "closed at", "closed on", "won date", "won at", "won on",
        "became a customer date", "date won", "abschlussdatum", "gewonnen am",
    ),
    "value": (
        "amount", "value", "deal value", "deal amount", "opportunity amount", "recent deal amount", "revenue", "price",
        "total", "offer total", "acv", "contract value", "betrag", "umsatz", "wert",
    ),
    "first_response": (
        "first response", "response time", "first response time", "sla seconds", "speed to lead", "sla",
        "time to first call", "time to first touch", "lead response time", "reaktionszeit",
    ),
    "first_touch": ("first call", "first call at", "first touch", "first touch at", "first contacted"),
    "won": ("won", "is won", "iswon", "converted to customer", "customer", "gewonnen"),
    "lost": ("lost", "is lost", "verloren"),
    "duplicate": ("duplicate", "is duplicate", "dublette", "duplikat"),
    "test": ("test", "is test", "test record", "sample"),
}  # fmt: skip

TOUCHES: dict[str, tuple[str, ...]] = {
    "at": (
        "at", "started at", "call start", "start time", "call time", "called at", "activity date", "call date",
        "timestamp", "date", "time", "created date", "created at", "create date", "datum", "uhrzeit", "beginn",
    ),
    "key": ("call id", "activity id", "task id", "record id", "id", "engagement id"),
    "lead": ("lead id", "deal id", "name id", "who id", "whoid", "leadid"),
    "contact": ("contact id", "associated contact ids", "person id", "customer id", "contactid", "email", "phone"),
    "duration": (
        "duration", "call duration", "duration s", "duration seconds", "talk time", "length", "duration ms",
        "call duration seconds", "dauer", "gesprächsdauer",
    ),
    "rep": (
        "rep", "agent", "owner", "call owner", "assigned to", "assigned", "user", "caller", "activity assigned to",
        "sales rep", "mitarbeiter",
    ),
    "result": ("result", "call result", "outcome", "call outcome", "disposition", "call status", "status", "ergebnis"),
    "direction": ("direction", "call direction", "call type", "type", "richtung"),
    "kind": ("task subtype", "activity type", "channel", "kind", "type"),
}  # fmt: skip

SPEND: dict[str, tuple[str, ...]] = {
    "day": ("date", "day", "datum", "tag"),
    "channel": ("source", "channel", "lead source", "platform", "utm source", "quelle", "kanal"),
    "impressions": ("impressions", "impr", "views", "impressionen"),
    "clicks": ("clicks", "visits", "sessions", "visitors", "klicks"),
    "spend": ("spend", "cost", "amount spent", "spent", "costs", "budget spent", "kosten", "ausgaben"),
}  # fmt: skip

ATTRIBUTES = (
    "industry", "size", "company size", "employees", "number of employees", "no of employees", "country", "region",
    "state", "city", "persona", "segment", "job title", "annual revenue", "product", "campaign", "offer", "form",
    "language", "plan", "branche", "land", "unternehmensgröße",
)  # fmt: skip
LATE = ("quality", "grade", "rating", "score", "temperature", "bewertung")
"""Attributes that people give after talking."""

# Parts of values, in small letters.
WON = ("closed won", "won", "payment done", "paid", "customer", "gewonnen", "abgeschlossen")
LOST = ("closed lost", "lost", "unqualified", "disqualified", "rejected", "not converted", "bad timing", "verloren")
UNREACHABLE = ("invalid number", "wrong number", "no number", "bad number", "falsche nummer")
NOT_CALLED = ("registered", "subscriber", "newsletter")
OUTBOUND = ("outbound", "outgoing", "out", "ausgehend")
INBOUND = ("inbound", "incoming", "missed", "in", "eingehend")
TALKED = ("connected", "talked", "talk", "answered", "reached", "completed", "spoke", "gesprochen", "erreicht")
NOT_TALKED = (
    "no answer", "unanswered", "not reached", "no talk", "busy", "voicemail", "left live message", "wrong number",
    "unattended", "missed", "failed", "declined", "nicht erreicht", "besetzt",
)  # fmt: skip
EMAILS = ("email", "e-mail", "mail", "list email")
YES = ("1", "true", "yes", "y", "ja", "x", "wahr")
NO = ("0", "false", "no", "n", "nein", "", "falsch")
