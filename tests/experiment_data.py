"""Small made-up data sets in the layout that the experiments read."""

import csv
import gzip
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

GENRES = ("Comedy", "Drama", "Horror", "War")


def csv_text(columns: dict[str, Any]) -> str:
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(columns)
    writer.writerows(zip(*columns.values(), strict=True))
    return file.getvalue()


def write_houses(directory: Path, n_items: int = 90, seed: int = 0) -> Path:
    """Log price from area and zipcode; the first two rows are the same house."""
    rng = np.random.default_rng(seed)
    area = rng.integers(800, 4000, n_items)
    zipcode = rng.choice(["01234", "05678", "09999"], n_items)
    price = np.exp(
        6 + 0.8 * np.log(area) + 0.9 * (zipcode == "05678") + rng.normal(0, 0.1, n_items)
    )
    columns = {
        "id": list(range(1, n_items + 1)),
        "bedrooms": rng.integers(1, 6, n_items).tolist(),
        "bathrooms": rng.integers(1, 4, n_items).tolist(),
        "area": area.tolist(),
        "zipcode": zipcode.tolist(),
        "price": price.round().astype(int).tolist(),
        **{
            f"photo_{room}": [f"photos/{n:03}_{room}.jpg" for n in range(1, n_items + 1)]
            for room in ("bedroom", "bathroom", "kitchen", "frontal")
        },
    }
    for name, values in columns.items():
        if name != "id" and not name.startswith("photo_"):
            values[1] = values[0]
    place = directory / "houses"
    place.mkdir(parents=True)
    (place / "houses.csv").write_text(csv_text(columns))
    return directory


def write_movies(directory: Path, n_items: int = 120, n_users: int = 80, seed: int = 0) -> Path:
    """Embeddings from genres, ratings from embeddings; every user rates every movie."""
    rng = np.random.default_rng(seed)
    d, lam = 3, 2.0
    genre = rng.integers(len(GENRES), size=n_items)
    planted = rng.normal(size=(len(GENRES), d))[genre] + rng.normal(0, 0.2, (n_items, d))
    factors, bias = rng.normal(size=(n_users, d)) / 2, rng.normal(size=n_users) / 5
    ratings = 0.5 + bias[:, None] + factors @ planted.T + rng.normal(0, 0.3, (n_users, n_items))
    a = np.hstack([np.ones((n_users, 1)), factors])
    x = np.linalg.solve(a.T @ a + lam * np.eye(d + 1), a.T @ (ratings - 0.5 - bias[:, None])).T
    item_id = np.arange(n_items) + 10
    place = directory / "movies"
    place.mkdir(parents=True)
    arrays = {
        "item_id": item_id,
        "emb": x[:, 1:],
        "is_test": np.arange(n_items) % 5 == 0,
        "user_factors": factors,
        "user_bias": bias,
        "user_ids": np.arange(n_users) + 1,
        "mu": np.float64(0.5),
        "lam": np.float64(lam),
        "lam_bias": np.float64(lam),
    }
    np.savez(place / "cf_ml1m_d16_min200.npz", **arrays)
    users, items = np.repeat(arrays["user_ids"], n_items), np.tile(item_id, n_users)
    np.savez(place / "ratings_ml1m_like.npz", user=users, item=items, like=ratings.ravel())
    order = rng.permutation(n_items)
    table = {
        "item_id": item_id,
        "title": [f"Movie {n}" for n in item_id],
        "overview": [f"A long story of friends and their number {n} of days" for n in item_id],
        "tagline": [f"See it and be glad that it is number {n}" for n in item_id],
        "year": rng.integers(1950, 2000, n_items),
        "genres": [f"{GENRES[g]}|Film" for g in genre],
        "keywords": ["friends|days"] * n_items,
        "cast": [f"Actor {n % 7}|Actor {n % 5}" for n in item_id],
        "director": [f"Director {n % 9}" for n in item_id],
        "language": ["en", "fr"] * (n_items // 2),
        "runtime": rng.integers(80, 150, n_items),
        "like_rate_ml1m": x[:, 1],
    }
    shuffled = {name: np.asarray(values)[order] for name, values in table.items()}
    pq.write_table(pa.table(shuffled), place / "movies.parquet")
    written = {
        str(n): f"A {GENRES[g]} for a certain kind of evening {n}"
        for n, g in zip(item_id.tolist(), genre, strict=True)
    }
    (place / "ml1m_llm_summaries.json.gz").write_bytes(gzip.compress(json.dumps(written).encode()))
    return directory


def write_airbnb(directory: Path, n_items: int = 120, seed: int = 0) -> Path:
    """Log price from guests and a pool among the amenities; hosts have three listings each."""
    rng = np.random.default_rng(seed)
    guests, pool = rng.integers(1, 9, n_items), rng.random(n_items) < 0.4
    price = np.exp(4 + 0.1 * guests + 0.6 * pool + rng.normal(0, 0.1, n_items))
    beds = [str(n) if n > 2 else "" for n in guests]
    columns = {
        "id": list(range(1, n_items + 1)),
        "name": [f"A home for you and {n} of your friends to stay" for n in range(n_items)],
        "description": [f"A flat with many windows near the river and {n} shops" for n in guests],
        "neighborhood_overview": ["Quiet streets, and a bakery that is open on Sundays"] * n_items,
        "amenities": ["Wifi|Pool|Oven" if p else "Wifi|Oven" for p in pool],
        "neighbourhood": rng.choice(["North", "South"], n_items).tolist(),
        "property_type": rng.choice(["Entire home", "Private room"], n_items).tolist(),
        "room_type": ["Entire"] * n_items,
        "accommodates": guests.tolist(),
        "minimum_nights": rng.integers(1, 30, n_items).tolist(),
        "number_of_reviews": rng.integers(0, 200, n_items).tolist(),
        "bedrooms": rng.integers(1, 4, n_items).tolist(),
        "beds": beds,
        "bathrooms": rng.integers(1, 3, n_items).tolist(),
        "shared_bath": rng.integers(0, 2, n_items).tolist(),
        "review_scores_rating": rng.uniform(3, 5, n_items).round(2).tolist(),
        "latitude": rng.uniform(42.2, 42.4, n_items).round(3).tolist(),
        "longitude": rng.uniform(-71.2, -71.0, n_items).round(3).tolist(),
        "host_group": [n // 3 for n in range(n_items)],
        "price": price.round(2).tolist(),
    }
    place = directory / "airbnb"
    place.mkdir(parents=True)
    (place / "boston.csv.gz").write_bytes(gzip.compress(csv_text(columns).encode()))
    return directory


def write_windsor(directory: Path, n_items: int = 300, seed: int = 0) -> Path:
    rng = np.random.default_rng(seed)
    names = ("driveway", "recreation", "fullbase", "gasheat", "aircon", "prefer")
    attributes = {name: (rng.random(n_items) < 0.4).astype(int) for name in names}
    lot = rng.integers(2000, 9000, n_items)
    log_price = 6 + 0.5 * np.log(lot) + sum(0.15 * column for column in attributes.values())
    columns = {
        "id": list(range(1, n_items + 1)),
        "price": np.exp(log_price + rng.normal(0, 0.15, n_items)).round().tolist(),
        "lotsize": lot.tolist(),
        **{n: rng.integers(1, 5, n_items).tolist() for n in ("bedrooms", "bathrooms", "stories")},
        "garage": rng.integers(0, 3, n_items).tolist(),
        **{name: column.tolist() for name, column in attributes.items()},
    }
    place = directory / "windsor"
    place.mkdir(parents=True)
    (place / "windsor.csv").write_text(csv_text(columns))
    return directory
