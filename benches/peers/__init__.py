"""Peers: others who compute the same posterior, each in its own file."""

from benches.peers.c_baselines import CBaseline
from benches.peers.jax_dense import JaxDense
from benches.peers.numpy_products import NumpyProducts
from benches.peers.numpy_table import NumpyTable
from benches.peers.numpyro_enumeration import NumpyroEnumeration
from benches.peers.ours import Genz
from benches.peers.peer import Answer, Peer

C_GRAY = CBaseline("C, Gray code", "one state after the other, streaming log-sum-exp", "enum_gray")
SAME_PRODUCTS = NumpyProducts()

PEERS: tuple[Peer, ...] = (
    SAME_PRODUCTS,
    NumpyTable(),
    C_GRAY,
    CBaseline(
        "C, vector exp", "a table of all states, exponentials vectorised by gcc", "enum_simd"
    ),
    CBaseline("C, products", "a table of products, no exponentials, underflows early", "enum_prod"),
    JaxDense(),
    NumpyroEnumeration(),
)

__all__ = ["C_GRAY", "PEERS", "SAME_PRODUCTS", "Answer", "Genz", "Peer"]
