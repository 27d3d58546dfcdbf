"""The open book: funnel, money, regions, and the documents that are published."""

from bekal.openbook.queries.documents import digest, public_documents
from bekal.openbook.queries.funnel import FunnelLine, funnel
from bekal.openbook.queries.money import MoneyLine, MoneyStatement, journal, money_statement
from bekal.openbook.queries.regions import RegionLine, by_region

__all__ = [
    "FunnelLine",
    "MoneyLine",
    "MoneyStatement",
    "RegionLine",
    "by_region",
    "digest",
    "funnel",
    "journal",
    "money_statement",
    "public_documents",
]
