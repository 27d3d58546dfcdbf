"""Recommendations: what others took (EASE), what skills suit, what is popular; ranked with reasons."""

from bekal.engines.recommend.measure import leave_last, ndcg_at, recall_at, temporal_split
from bekal.engines.recommend.model import content_scores, ease, popularity, score
from bekal.engines.recommend.ranking import Blend, Reason, Recommendation, rank

__all__ = [
    "Blend",
    "Reason",
    "Recommendation",
    "content_scores",
    "ease",
    "leave_last",
    "ndcg_at",
    "popularity",
    "rank",
    "recall_at",
    "score",
    "temporal_split",
]
