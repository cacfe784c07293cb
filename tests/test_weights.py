"""`python -m tasks.weights` against a server on this machine: the right file or none, and on from where a transfer broke off."""

import hashlib
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from unittest.mock import MagicMock

import pytest
from conftest import PROJECT, free_port

from ganlib.errors import AtelierError
from ganlib.metrics.config import EvaluateConfig
from ganlib.metrics.extractors import inception, load_extractor
from tasks import places
from tasks.weights import weights

DATA = bytes(range(256)) * 4000


class Server:
    """Serves DATA at any address; `ends` cuts an answer off after so many bytes, `ranges` says whether parts can be asked for."""

    def __init__(self):
        self.data, self.ends, self.ranges, self.code, self.asked = DATA, None, True, 200, []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                outer.answer(self)

            def log_message(self, *arguments):
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        Thread(target=self.http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.http.server_port}/weights.pth"

    def answer(self, handler):
        asked = handler.headers.get("Range")
        self.asked.append(asked)
        start = int(asked.removeprefix("bytes=").removesuffix("-")) if asked and self.ranges else 0
        if self.code != 200 or start >= len(self.data):
            handler.send_error(416 if self.code == 200 else self.code)
            return
        handler.send_response(206 if start else 200)
        handler.send_header("Content-Length", str(len(self.data) - start))
        handler.end_headers()
        handler.wfile.write(self.data[start : start + self.ends if self.ends else None])


@pytest.fixture
def server(monkeypatch):
    """The digest of DATA stands in the place of the official one."""
    monkeypatch.setattr(inception, "SHA256", hashlib.sha256(DATA).hexdigest()[:8])
    found = Server()
    yield found
    found.http.shutdown()
    found.http.server_close()


def left(folder):
    return sorted(path.name for path in folder.rglob("*"))


def test_the_right_file_comes_once(server, tmp_path, capsys):
    """Whole, under its name, with its progress; it says which knobs to set; the second time nobody is asked."""
    path = tmp_path / "weights" / "official.pth"
    said = weights(path, server.url)
    assert said == (
        f"The official Inception weights are now at {path}. To score with them, set evaluate.extractor: inception and "
        f"evaluate.weights: {path} in params.yaml."
    )
    assert path.read_bytes() == DATA
    assert left(tmp_path) == ["official.pth", "weights"]
    assert "100%  1 of 1 MB" in capsys.readouterr().err
    assert "were already at" in weights(path, server.url)
    assert server.asked == [None]


def test_by_itself_it_goes_where_git_does_not_look(server, tmp_path, monkeypatch):
    """Into weights/ under the official name, from the official address, which is https."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(inception, "URL", server.url)
    assert str(places.WEIGHTS / "pt_inception-2015-12-05-6726825d.pth") in weights()
    assert "/weights/" in (PROJECT / ".gitignore").read_text().splitlines()
    assert server.asked == [None]


def test_the_official_address_is_that_of_the_file_that_is_asked_for():
    """Over https, under the name that its digest stands in."""
    assert inception.URL.startswith("https://github.com/mseitzer/pytorch-fid/releases/download/fid_weights/")
    assert inception.URL.endswith(f"-{inception.SHA256}.pth")


def test_another_file_is_removed(server, tmp_path):
    """Where one byte is wrong nothing is left, and the error says both digests."""
    server.data = DATA[:-1] + b"?"
    found = hashlib.sha256(server.data).hexdigest()
    with pytest.raises(AtelierError, match=rf"expected a file with sha256 {inception.SHA256}…, found {found}\. It was removed\."):
        weights(tmp_path / "official.pth", server.url)
    assert left(tmp_path) == []


def test_a_file_of_the_users_is_left_alone(server, tmp_path):
    """Even where it should have been another one; nobody is asked."""
    path = tmp_path / "official.pth"
    path.write_bytes(b"mine")
    with pytest.raises(AtelierError, match=r"official\.pth: expected a file with sha256 .* It was left alone\."):
        weights(path, server.url)
    assert path.read_bytes() == b"mine"
    assert server.asked == []


def test_a_transfer_that_breaks_off_is_taken_up_again(server, tmp_path):
    """The file has not got its name yet; the next try asks for the rest alone."""
    path = tmp_path / "official.pth"
    server.ends = 700_000
    with pytest.raises(
        AtelierError, match=r"ended after 700,000 of 1,024,000 bytes\); 700,000 bytes of it are kept, and the same"
    ):
        weights(path, server.url)
    assert not path.exists()
    server.ends = None
    weights(path, server.url)
    assert path.read_bytes() == DATA
    assert server.asked == [None, "bytes=700000-"]
    assert left(tmp_path) == ["official.pth"]


@pytest.mark.parametrize(("ranges", "kept"), [(False, 1000), (True, len(DATA) + 5)], ids=["no parts to be had", "too much kept"])
def test_what_cannot_be_taken_up_is_begun_again(server, tmp_path, ranges, kept):
    """Where the server knows no parts, or what lies there is longer than the file."""
    server.ranges = ranges
    (tmp_path / ".official.pth.partial").write_bytes(bytes(kept))
    weights(tmp_path / "official.pth", server.url)
    assert (tmp_path / "official.pth").read_bytes() == DATA


def test_a_server_that_has_no_such_file_is_said(server, tmp_path):
    """With its answer."""
    server.code = 404
    with pytest.raises(AtelierError, match=r"could not \(HTTP Error 404: .*\); nothing was kept\."):
        weights(tmp_path / "official.pth", server.url)


def test_without_a_network_it_is_said_what_to_do_by_hand(tmp_path):
    """Where to get the file, where to put it, which knobs to set; nothing is left, not even the folder."""
    path = tmp_path / "weights" / "official.pth"
    with pytest.raises(AtelierError) as caught:
        weights(path, f"http://127.0.0.1:{free_port()}/weights.pth")
    said = str(caught.value)
    assert "Connection refused" in said
    assert "from the release fid_weights of github.com/mseitzer/pytorch-fid" in said
    assert f"put it at {path}, and set evaluate.extractor: inception and evaluate.weights: {path} in params.yaml" in said
    assert left(tmp_path) == []


def test_a_command_that_fails_says_so_in_a_sentence(tmp_path):
    """Exit code 2, no traceback; a file that is another one needs no network to be refused."""
    path = tmp_path / "official.pth"
    path.write_bytes(b"mine")
    command = [sys.executable, "-m", "tasks.weights", "--to", str(path)]
    ended = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert ended.stderr.startswith(f"error: {path}: expected a file with sha256 6726825d…, found ")
    assert len(ended.stderr.splitlines()) == 1


def test_evaluating_without_the_file_names_the_command_that_fetches_it(tmp_path):
    """So that nobody has to look for it."""
    with pytest.raises(AtelierError, match=r"nowhere\.pth: expected a file of weights .* by `make weights` or by hand"):
        load_extractor(EvaluateConfig("inception", weights=str(tmp_path / "nowhere.pth")))


def test_ctrl_c_leaves_what_has_come_for_the_next_time(server, tmp_path, monkeypatch):
    """Under no name that anyone would load."""

    def stop(bar, amount):
        raise KeyboardInterrupt

    path = tmp_path / "official.pth"
    with monkeypatch.context() as patch:
        patch.setattr("ganlib.progress.Progress.advance", stop)
        with pytest.raises(KeyboardInterrupt):
            weights(path, server.url)
    assert left(tmp_path) == [".official.pth.partial"]
    weights(path, server.url)
    assert path.read_bytes() == DATA
    assert server.asked[1].startswith("bytes=")


def test_an_answer_that_leaves_https_is_refused(tmp_path, monkeypatch):
    """Eight digits of sha256 are no proof against someone on the way."""
    answer = MagicMock(url="http://elsewhere/weights.pth", status=200)
    answer.__enter__.return_value = answer
    monkeypatch.setattr("ganlib.fetch.urlopen", lambda request, timeout: answer)
    with pytest.raises(AtelierError, match=r"was sent on to http://elsewhere/weights\.pth, which anyone on the way could change"):
        weights(tmp_path / "official.pth", "https://somewhere/weights.pth")
    assert left(tmp_path) == []
