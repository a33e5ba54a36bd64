"""What can go wrong before any feature is asked: the problems of HTTP itself."""

from dataclasses import dataclass
from typing import Any

from miniprogram_api.core.errors import BadRequest, Unprocessable


@dataclass(frozen=True)
class HttpProblem:
    """A refusal that HTTP knows by its status alone."""

    status: int
    code: str
    title_zh: str
    title_en: str
    meaning: str


class MalformedJson(BadRequest):
    """The body is not one JSON object in UTF-8: broken, empty, duplicate keys, NaN, integers beyond
    64 bits, nested deeper than 20, NUL or half a surrogate pair in a string.
    """

    code = "malformed_json"
    title_zh = "请求格式有误"
    title_en = "The request is not valid JSON"


class ValidationFailed(Unprocessable):
    """Fields are missing, unknown or out of range; `errors` names each by its place.

    :param errors: messages by location and field: `{"json": {"points": ["…"]}}`.
    """

    code = "validation_failed"
    title_zh = "提交的内容有误，请检查"
    title_en = "Some fields are not valid"

    def __init__(self, errors: Any) -> None:
        super().__init__("", errors=errors)


BY_STATUS = {
    problem.status: problem
    for problem in (
        HttpProblem(
            400, "bad_request", "请求有误", "Bad request", "The request cannot be understood."
        ),
        HttpProblem(401, "unauthorized", "请先登录", "Please log in first", "Nobody is signed in."),
        HttpProblem(
            403, "forbidden", "没有权限", "Not allowed", "The caller is known and may not do this."
        ),
        HttpProblem(
            404, "not_found", "内容不存在", "Not found", "No such thing, or not the caller's."
        ),
        HttpProblem(
            405,
            "method_not_allowed",
            "不支持此操作",
            "Method not allowed",
            "The path exists and does not take this verb; `Allow` lists those that it takes.",
        ),
        HttpProblem(
            406,
            "not_acceptable",
            "无法提供所需格式",
            "Not acceptable",
            "The caller accepts nothing that we can answer with.",
        ),
        HttpProblem(
            408, "request_timeout", "请求超时", "Request timed out", "The request came too slowly."
        ),
        HttpProblem(
            411, "length_required", "请求缺少长度", "Length required", "The body has no length."
        ),
        HttpProblem(
            413,
            "payload_too_large",
            "提交的内容过大",
            "The request is too large",
            "The body is larger than we read (setting MAX_BODY_BYTES).",
        ),
        HttpProblem(
            414, "uri_too_long", "地址过长", "The address is too long", "The URL is too long."
        ),
        HttpProblem(
            415,
            "unsupported_media_type",
            "不支持的内容类型",
            "Unsupported media type",
            "Send `Content-Type: application/json` in UTF-8, not compressed.",
        ),
        HttpProblem(
            431,
            "headers_too_large",
            "请求头过大",
            "The request headers are too large",
            "The headers are larger than we read.",
        ),
        HttpProblem(
            500,
            "internal_error",
            "系统出错了，请稍后再试",
            "Something went wrong on our side",
            "A mistake of ours; tell us the request id. Nothing moved.",
        ),
    )
}
