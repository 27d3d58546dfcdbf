"""The open book: funnel, money, regions, and the documents that are published."""

from bekal.openbook.queries.documents import digest, money_document, public_documents
from bekal.openbook.queries.funnel import FunnelLine, funnel
from bekal.openbook.queries.money import GroupSums, MoneyLine, MoneyStatement, journal, money_statement
from bekal.openbook.queries.regions import RegionLine, by_region

__all__ = [
    "FunnelLine",
    "GroupSums",
    "MoneyLine",
    "MoneyStatement",
    "RegionLine",
    "by_region",
    "digest",
    "funnel",
    "journal",
    "money_document",
    "money_statement",
    "public_documents",
]
