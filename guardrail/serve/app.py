"""The server: takes requests of run tasks, answers at once, and judges a few plans at a time."""

from __future__ import annotations

import asyncio
import logging
import socket
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from time import monotonic
from typing import Protocol

import uvicorn
from msgspec import Struct, field
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from guardrail.errors import ConfigError, GuardrailError, InputError
from guardrail.report.text import safe
from guardrail.serve.caller import MAX_PLAN_BYTES, fetch_plan, send_result
from guardrail.serve.request import SIGNATURE, Key, TaskRequest, read_request
from guardrail.serve.result import RUNNING, Result, not_judged

log = logging.getLogger(__name__)

_MAX_BODY = 1_000_000  # bytes of a request; payloads have some 2,000
_ALIVE = 240.0  # seconds between two signs of life: HCP Terraform gives a task up after ten minutes without one


class Judging(Protocol):
    """What judges a plan of a workspace: `judge.Judge`."""

    async def judge(self, plan: Path, project: str) -> Result:
        """Return the result; what cannot be judged is one that failed."""


class Options(Struct, frozen=True):
    """How the server works.

    hosts      of HCP Terraform and Terraform Enterprise, which payloads may name
    workers    plans judged at a time; queue: runs that may wait beside them
    grace      seconds that runs get to be judged when the server is stopped
    url        page that results lead to; "" for the run itself
    max_plan   bytes of a plan
    """

    key: Key
    judge: Judging
    hosts: frozenset[str]
    workers: int = 2
    queue: int = 50
    grace: float = 60.0
    url: str = ""
    ca_bundle: str | None = None
    max_plan: int = MAX_PLAN_BYTES


class _Tasks(Struct):
    """What is being judged, and what waits."""

    options: Options
    room: asyncio.Semaphore
    running: dict[str, tuple[TaskRequest, asyncio.Task[None]]] = field(default_factory=dict)

    def take(self, request: TaskRequest) -> bool:
        """Begin with a request, unless it is here already. Return False where there is no room for it."""
        name = request.task_result_id or request.task_result_callback_url
        if name in self.running:
            return True
        if len(self.running) >= self.options.workers + self.options.queue:
            return False
        task = asyncio.get_running_loop().create_task(self._work(request))
        self.running[name] = request, task
        task.add_done_callback(lambda _done: self.running.pop(name, None))
        return True

    async def _work(self, request: TaskRequest) -> None:
        """Judge one plan and tell the result; whatever goes wrong is a result as well."""
        began = monotonic()
        await self._send(request, RUNNING)
        alive = asyncio.create_task(self._stay_alive(request))  # also while it waits for its turn
        try:
            async with self.room:
                result = await self._judged(request)
        except asyncio.CancelledError:
            result = not_judged("the server was stopped before this plan was judged; run it again")
        except Exception as error:
            log.exception("%s: internal error", safe(request.run_id, 60))
            result = not_judged(f"an internal error ({type(error).__name__}); the server's log has more")
        finally:
            alive.cancel()
        await self._send(request, result)
        log.info(
            "%s %s: %s in %.1f s: %s",
            *(safe(request.run_id, 60), safe(request.workspace_name, 100)),
            *(result.status, monotonic() - began, result.message),
        )

    async def _judged(self, request: TaskRequest) -> Result:
        if not request.plan_json_api_url:
            stage = safe(request.stage, 40) or "of this request"
            return not_judged(f"there is no plan at the stage {stage}; let this task run after the plan")
        with tempfile.TemporaryDirectory(prefix="guardrail-serve-") as folder:
            plan = Path(folder) / "plan.json"
            try:
                await asyncio.to_thread(fetch_plan, request, plan, self.options.ca_bundle, self.options.max_plan)
            except GuardrailError as error:
                return not_judged(f"the plan could not be fetched: {error}")
            return await self.options.judge.judge(plan, request.workspace_name)

    async def _stay_alive(self, request: TaskRequest) -> None:
        while True:
            await asyncio.sleep(_ALIVE)
            await self._send(request, RUNNING)

    async def _send(self, request: TaskRequest, result: Result) -> None:
        try:
            await asyncio.to_thread(send_result, request, result, self.options.url, self.options.ca_bundle)
        except GuardrailError as error:
            log.warning("%s: %s could not be sent: %s", safe(request.run_id, 60), result.status, error)

    async def finish(self) -> None:
        """Wait for what is being judged, and tell of the rest that it was not."""
        left = [task for _, task in self.running.values()]
        if left:
            await asyncio.wait(left, timeout=self.options.grace)
        for task in left:  # each then tells that it was not judged
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)


def app(options: Options) -> Starlette:
    """Return the server: POST / takes requests of run tasks, GET /healthz says that it is there."""
    tasks = _Tasks(options, asyncio.Semaphore(options.workers))

    async def run_task(request: Request) -> Response:
        body = await _body(request)
        if body is None:
            return PlainTextResponse("the request is too large", 413)
        if not options.key.signs(body, request.headers.get(SIGNATURE, "")):
            log.warning("a request without the right signature was refused")
            return PlainTextResponse("the signature is not right", 401)
        # Nothing of a body is read before it is known to be HCP Terraform's.
        try:
            asked = read_request(body, options.hosts)
        except InputError as error:
            log.warning("a request was refused: %s", error)
            return PlainTextResponse(str(error), 422)
        if asked.is_test:
            log.info("a test request was answered")
            return Response(status_code=200)
        if not tasks.take(asked):
            log.warning("%s: refused, since too many wait", safe(asked.run_id, 60))
            return PlainTextResponse("too many runs wait", 503, headers={"Retry-After": "60"})
        return Response(status_code=200)

    async def health(_request: Request) -> Response:
        return PlainTextResponse("ok")

    @asynccontextmanager
    async def life(_app: Starlette) -> AsyncIterator[None]:
        yield
        await tasks.finish()

    routes = [Route("/", run_task, methods=["POST"]), Route("/healthz", health, methods=["GET"])]
    return Starlette(routes=routes, lifespan=life)


def run(options: Options, host: str, port: int, started: Callable[[str], None]) -> None:
    """Serve until a signal says to stop; `started` is told the address. Raises ConfigError for one that is not free.

    Requests have nothing in them that a log of accesses should hold, so there is none.
    """
    config = uvicorn.Config(app(options), log_level="warning", access_log=False, server_header=False)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as listener:
        # Bound here and not by uvicorn, which would end the process where the address is taken.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
            listener.listen()
        except OSError as error:
            raise ConfigError(f"cannot listen there: {error.strerror}", where=f"{host}:{port}") from None
        shown = f"[{host}]" if ":" in host else host
        started(f"http://{shown}:{listener.getsockname()[1]}")
        uvicorn.Server(config).run(sockets=[listener])


async def _body(request: Request) -> bytes | None:
    """Read a body; None for one that is larger than any payload. Content-Length is not believed."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > _MAX_BODY:
            return None
    return body
