"""Every request is one of botocore's model of the API, with nothing in it that is not there."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from botocore.loaders import Loader

from plugins.s3.tests.server import Seen, served
from plugins.s3.tests.suite import S3Suite
from trunkline.sdk import Rejected, StorageProvider
from trunkline.testing.storing import KEY, LARGE, outcome_of, whole

MODEL: Final = Loader().load_service_model("s3", "service-2")
OF_SIGNING: Final = {"x-amz-date", "x-amz-content-sha256"}


def operation(seen: Seen) -> tuple[str, Mapping[str, Any], set[str]]:
    """Return what a request asks for by its method, its path and its query."""
    is_object = seen.path.count("/") > 1
    found = []
    for name, each in MODEL["operations"].items():
        path, _, query = each["http"]["requestUri"].partition("?")
        fixed = {pair.partition("=")[0] for pair in query.split("&") if pair}
        fits = each["http"]["method"] == seen.method and ("{Key+}" in path) == is_object
        shape = MODEL["shapes"][each["input"]["shape"]] if "input" in each else {}
        members = [shape["members"][key] for key in shape.get("required", ())]
        needed = [each for each in members if "location" in each]
        names = {
            where: {
                each["locationName"].lower() for each in needed if each.get("location") == where
            }
            for where in ("querystring", "header")
        }
        query = {each.lower() for each in seen.query}
        must = {each.lower() for each in fixed} | names["querystring"]
        if fits and must <= query and names["header"] <= seen.headers.keys():
            found.append((len(must) + len(names["header"]), name, shape, fixed))
    _, name, shape, fixed = max(found, key=lambda each: each[0])
    return name, shape, fixed


def odd(seen: Seen) -> Iterator[str]:
    """Complain of what the operation does not take, or needs."""
    name, shape, fixed = operation(seen)
    places: dict[str, set[str]] = {"querystring": set(fixed), "header": set(OF_SIGNING)}
    for key, member in shape["members"].items():
        where, called = member.get("location", ""), member.get("locationName", key)
        places.setdefault(where, set()).add(called.lower() if where == "header" else called)
    for each in seen.query.keys() - places["querystring"]:
        yield f"{name} takes no {each}"
    amazons = {each for each in seen.headers if each.startswith("x-amz-")}
    for each in amazons - places["header"]:
        yield f"{name} takes no {each}"


def asked(tmp_path: Path) -> list[Seen]:
    """Do all that a storage does, and return what was asked."""

    class Suite(S3Suite):
        pass

    async def everything(storage: StorageProvider) -> None:
        await suite.put(storage, content=LARGE)
        await suite.put(storage)
        await whole(storage.get(KEY))
        await whole(storage.get(KEY, start=3, end=5))
        assert isinstance(await outcome_of(whole(storage.get(KEY, start=99))), Rejected)
        await storage.verify()
        assert [each.key async for each in storage.list("people/")] == [KEY]
        await suite.fill(storage, [f"m/{number:04}" for number in range(1_001)])
        assert len([each async for each in storage.list("m/")]) == 1_001
        await outcome_of(storage.put(KEY, broken(), content_type="text/plain"))
        await storage.delete(KEY)
        await storage.stat(KEY)

    async def broken() -> Any:
        yield LARGE
        raise LookupError

    with served() as Suite.place:
        suite = Suite()
        suite.begin(tmp_path)
        suite.used(everything)
        return [*suite.place[0].seen]


def test_every_request_is_one_of_the_model(tmp_path: Path) -> None:
    requests = asked(tmp_path)

    assert [complaint for each in requests for complaint in odd(each)] == []
    assert {operation(each)[0] for each in requests} == {
        *("PutObject", "GetObject", "HeadObject", "DeleteObject", "ListObjectsV2"),
        *("CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload"),
        "AbortMultipartUpload",
    }


def test_what_the_model_does_not_have_is_noticed() -> None:
    seen = Seen("PUT", "/bucket/key", {"part": "1"}, {"x-amz-colour": "red"})

    assert len([*odd(seen)]) == 2
    assert all(each.startswith("PutObject takes no") for each in odd(seen))
