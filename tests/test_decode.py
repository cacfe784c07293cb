"""Decoding: strangers' files become 8-bit squares of pixels, or a reason why not."""

import io
import struct
import zlib
from contextlib import suppress
from typing import Any

import numpy as np
import pytest
from drawing import encode, pixels, png
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image, ImageCms

from ganlib.pictures import decode as module
from ganlib.pictures.decode import Decoded, Refused, decode, examine
from ganlib.pictures.formats import sniff
from ganlib.pictures.prepare import preparation

PICTURE = pixels(1, 24)


def _reason(data: bytes) -> str:
    with pytest.raises(Refused) as refusal:
        decode(data)
    return refusal.value.reason


def _chunk(name: bytes, data: bytes) -> bytes:
    """One of a PNG."""
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def _png(width: int, height: int, depth: int, colours: int, rows: bytes, *extra: bytes) -> bytes:
    """A PNG by hand: bits a channel, colour type (0: grey, 2: RGB), filtered rows, chunks that come before the pixels."""
    header = _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colours, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(extra) + _chunk(b"IDAT", zlib.compress(rows)) + _chunk(b"IEND", b"")


def _tiff(
    values: bytes, bits: int, black: int = 1, kind: int = 1, *, order: str = "<", packing: int = 1, pages: int = 0
) -> bytes:
    """A grey TIFF, two wide and one high, by hand: bits a value, whether nought is black (1) or white (0), kind of value
    (1: unsigned, 2: signed, 3: float), byte order of struct, compression (1: none, 8: deflate), where the next page is."""
    body = zlib.compress(values) if packing == 8 else values
    body += bytes(len(body) % 2)
    shorts = {256: 2, 257: 1, 258: bits, 259: packing, 262: black, 277: 1, 278: 1, 279: len(body), 339: kind}
    entries = {tag: struct.pack(order + "HHIHH", tag, 3, 1, value, 0) for tag, value in shorts.items()}
    entries[273] = struct.pack(order + "HHII", 273, 4, 1, 8)
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", 8 + len(body)) + body
    directory = struct.pack(order + "H", len(entries)) + b"".join(entries[tag] for tag in sorted(entries))
    return head + directory + struct.pack(order + "I", pages)


def _saved(picture: Image.Image, form: str, **options: Any) -> bytes:
    stream = io.BytesIO()
    picture.save(stream, form, **options)
    return stream.getvalue()


@pytest.mark.parametrize("form", ["PNG", "BMP", "TIFF", "GIF", "WEBP"])
def test_lossless_formats_keep_every_pixel(form: str) -> None:
    """What was encoded without loss comes back to the bit (GIF from a palette that holds it)."""
    picture = PICTURE if form != "GIF" else np.repeat(pixels(1, 15, 1), 3, axis=2)
    options = {"lossless": True} if form == "WEBP" else {}
    np.testing.assert_array_equal(decode(encode(picture, form, **options)), picture)


def test_jpeg_is_close() -> None:
    """A smooth JPEG of quality 95 differs by a few steps at most."""
    smooth = np.tile(np.arange(0, 240, 10, dtype=np.uint8)[:, None, None], (1, 24, 3))
    assert abs(decode(encode(smooth, "JPEG", quality=95)).astype(int) - smooth).max() <= 4


def test_a_large_jpeg_may_come_smaller_but_never_below_four_times_the_size() -> None:
    """The decoder's own reduction is used, and keeps enough pixels for a good average."""
    large = encode(pixels(1, 1000), "JPEG")
    assert decode(large, near=32).shape == (250, 250, 3)
    assert decode(large, near=256).shape == (1000, 1000, 3)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_undone(orientation: int) -> None:
    """All eight orientations of one scene decode to the same pixels."""
    turned = Image.fromarray(PICTURE[:16])
    undo = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}  # the inverse of each orientation, as a Transpose
    if orientation > 1:
        turned = turned.transpose(Image.Transpose(undo[orientation]))
    exif = Image.Exif()
    exif[0x0112] = orientation
    np.testing.assert_array_equal(decode(_saved(turned, "PNG", exif=exif)), PICTURE[:16])


def test_damaged_exif_does_not_cost_the_picture() -> None:
    """Metadata that cannot be read is ignored."""
    np.testing.assert_array_equal(decode(_saved(Image.fromarray(PICTURE), "PNG", exif=b"Exif\0\0garbage")), PICTURE)


def _entry(tag: int, kind: int, number: int, value: bytes) -> bytes:
    """An entry of a TIFF directory, as EXIF has them, too; value: four bytes."""
    return struct.pack("<HHI", tag, kind, number) + value


def _turned_jpeg(*entries: bytes) -> bytes:
    """A JPEG, 24 wide and 16 high, red in its upper left corner, with EXIF of these entries."""
    picture = np.zeros((16, 24, 3), np.uint8)
    picture[:8, :8, 0] = 255
    exif = b"Exif\0\0II*\0" + struct.pack("<IH", 8, len(entries)) + b"".join(entries) + bytes(4)
    return encode(picture, "JPEG", exif=exif, subsampling=0)


ON_ITS_SIDE = _entry(0x0112, 3, 1, b"\6\0\0\0")


@pytest.mark.parametrize(
    "odd",
    [
        _entry(0x10F, 5, 1, bytes(4)),  # a maker that is a number
        _entry(0x101, 10, 1, b"\x1a\0\0\0"),  # a height that is a fraction
    ],
)
def test_an_orientation_is_heeded_whatever_else_is_odd_in_the_exif(odd: bytes) -> None:
    """A tag of the wrong type, which Pillow cannot write back, does not leave the picture on its side."""
    found = examine("", _turned_jpeg(*sorted([odd, ON_ITS_SIDE])))
    assert (found.pixels.shape, found.width, found.height, found.notes) == ((24, 16, 3), 24, 16, ("turned",))
    assert found.pixels[4, 12, 0] > 200  # the upper left corner is the upper right one now
    assert found.pixels[4, 4, 0] < 50


@pytest.mark.parametrize(
    "orientation", [_entry(0x0112, 3, 1, b"\x09\0\0\0"), _entry(0x0112, 2, 2, b"6\0\0\0"), _entry(0x0112, 3, 1, bytes(4))]
)
def test_an_orientation_that_there_is_not_neither_turns_nor_is_noted(orientation: bytes) -> None:
    """Nine, the letter six and nought are no way that a camera is held."""
    found = examine("", _turned_jpeg(orientation))
    assert (found.pixels.shape, found.notes) == ((16, 24, 3), ())


def test_an_orientation_in_the_xmp_alone_is_heeded() -> None:
    """In a PNG it stands in a text, before or after the pixels."""
    plain = encode(PICTURE[:16])
    text = _chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + b'<rdf:Description tiff:Orientation="6"/>')
    for data in (plain[:33] + text + plain[33:], plain[:-12] + text + plain[-12:]):
        found = examine("", data)
        np.testing.assert_array_equal(found.pixels, np.rot90(PICTURE[:16], -1))
        assert found.notes == ("turned",)


@pytest.mark.parametrize("orientation", range(2, 9))
def test_a_tiff_is_turned_once(orientation: int) -> None:
    """A TIFF and a PNG of the same pixels and orientation come out the same, and both say that they were turned."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    tiff, other = (examine("", encode(PICTURE[:16], form, exif=exif)) for form in ("TIFF", "PNG"))
    np.testing.assert_array_equal(tiff.pixels, other.pixels)
    assert tiff.notes == other.notes == ("turned",)


def test_alpha_lies_over_the_background() -> None:
    """Transparent is the background, opaque the colour, half the mean of both; in RGBA, in grey and in a palette."""
    rgba = np.zeros((1, 3, 4), np.uint8)
    rgba[0, :, 0], rgba[0, :, 3] = 200, (0, 128, 255)
    np.testing.assert_allclose(
        decode(encode(rgba), background=(0, 100, 50))[0], [[0, 100, 50], [100, 50, 25], [200, 0, 0]], atol=1
    )
    grey = np.array([[[80, 0], [80, 255]]], np.uint8)
    np.testing.assert_array_equal(decode(_saved(Image.fromarray(grey, "LA"), "PNG"), "L")[0, :, 0], [255, 80])
    palette = Image.fromarray(np.array([[0, 1]], np.uint8), "P")
    palette.putpalette([255, 0, 0, 0, 0, 255])
    np.testing.assert_array_equal(decode(_saved(palette, "PNG", transparency=0))[0], [[255, 255, 255], [0, 0, 255]])


def _keyed(depth: int, colours: int, row: bytes, *key: int) -> Decoded:
    """What is found of a PNG of two pixels and a transparent colour, over red."""
    data = _png(2, 1, depth, colours, b"\0" + row, _chunk(b"tRNS", struct.pack(f">{len(key)}H", *key)))
    return examine("", data, background=(255, 0, 0))


@pytest.mark.parametrize(
    ("depth", "row", "key", "other"),
    [
        (1, b"\x40", 0, 255),
        (2, b"\x60", 1, 170),
        (4, b"\x5f", 5, 255),
        (4, b"\x5f", 0xFF05, 255),  # of a key, only as many bits count
        (8, b"\x07\x08", 7, 8),
        (16, struct.pack(">HH", 1000, 1001), 1000, 4),
        (16, struct.pack(">HH", 65535, 65534), 65535, 255),
    ],
)
def test_a_transparent_grey_lies_over_the_background(depth: int, row: bytes, key: int, other: int) -> None:
    """The grey that a PNG says is transparent is so, in any depth, and the nearest to it is not."""
    found = _keyed(depth, 0, row, key)
    assert found.pixels[0].tolist() == [[255, 0, 0], [other] * 3]
    assert found.notes == (("deep", "alpha") if depth == 16 else ("alpha",))


@pytest.mark.parametrize(
    ("depth", "row", "key", "other"),
    [
        (8, bytes([1, 2, 3, 1, 2, 4]), (1, 2, 3), [1, 2, 4]),
        (16, struct.pack(">6H", 0x102, 0x203, 0x304, 0x102, 0x203, 0x305), (0x102, 0x203, 0x304), [1, 2, 3]),
    ],
)
def test_a_transparent_colour_lies_over_the_background(depth: int, row: bytes, key: tuple[int, ...], other: list[int]) -> None:
    """With sixteen bits, too, it is that colour alone, and no other with the same upper eight."""
    found = _keyed(depth, 2, row, *key)
    assert found.pixels[0].tolist() == [[255, 0, 0], other]
    assert found.notes == (("deep", "alpha") if depth == 16 else ("alpha",))


def test_a_transparent_colour_is_turned_with_the_picture() -> None:
    """Alpha and colours go the same way round."""
    exif = _chunk(b"eXIf", b"II*\0" + struct.pack("<IH", 8, 1) + ON_ITS_SIDE + bytes(4))
    key = _chunk(b"tRNS", struct.pack(">H", 1000))
    data = _png(2, 1, 16, 0, b"\0" + struct.pack(">HH", 1000, 65535), key, exif)
    found = examine("", data, "L", (128, 128, 128))
    assert (found.pixels[..., 0].tolist(), found.notes) == ([[128], [255]], ("deep", "alpha", "turned"))


def test_grey_and_colour_become_one_mode() -> None:
    """Grey comes as three equal channels, colour as its luma, whichever is asked for."""
    grey = pixels(3, 8, 1)
    np.testing.assert_array_equal(decode(encode(grey)), np.repeat(grey, 3, axis=2))
    luma = PICTURE.astype(float) @ [0.299, 0.587, 0.114]
    np.testing.assert_allclose(decode(encode(PICTURE), "L")[..., 0], luma, atol=1)
    bits = Image.fromarray(grey[..., 0] > 128)
    np.testing.assert_array_equal(decode(_saved(bits, "PNG"), "L")[..., 0], (grey[..., 0] > 128) * 255)


@pytest.mark.parametrize("form", ["PNG", "TIFF"])
def test_sixteen_bits_become_eight(form: str) -> None:
    """Each value is scaled by 255/65535, to the nearest step."""
    deep = np.array([[0, 128, 129, 32768, 65535]], np.uint16)
    np.testing.assert_array_equal(decode(_saved(Image.fromarray(deep), form), "L")[0, :, 0], [0, 0, 1, 128, 255])


@pytest.mark.parametrize("packing", [1, 8])
@pytest.mark.parametrize(
    ("values", "bits", "kind", "expected"),
    [
        (b"\x80\x0f\xff", 12, 1, [128, 255]),
        (struct.pack("<HH", 0x8080, 65535), 16, 1, [128, 255]),
        (struct.pack("<II", 2**31, 2**32 - 1), 32, 1, [128, 255]),
        (struct.pack("<II", 128, 255), 32, 1, [128, 255]),
        (struct.pack("<II", 0x8080, 65535), 32, 1, [128, 255]),
        (struct.pack("<hh", -5, 32767), 16, 2, [0, 255]),
        (struct.pack("<ii", -5, 65535), 32, 2, [0, 255]),
    ],
)
def test_the_brightest_value_of_a_tiff_is_white(values: bytes, bits: int, kind: int, expected: list[int], packing: int) -> None:
    """By what its bits hold (12 and 16); where files of many ranges are about (32, and signed), by the least that holds all."""
    found = examine("", _tiff(values, bits, kind=kind, packing=packing), "L")
    assert (found.pixels[0, :, 0].tolist(), found.notes) == (expected, ("deep",))


@pytest.mark.parametrize(
    ("values", "bits", "kind"), [(b"\0\xff", 8, 1), (struct.pack("<HH", 0, 65535), 16, 1), (struct.pack("<ff", 0, 1), 32, 3)]
)
def test_nought_is_white_where_a_tiff_says_so(values: bytes, bits: int, kind: int) -> None:
    """No silent negative, whatever the depth."""
    assert decode(_tiff(values, bits, 1, kind), "L")[0, :, 0].tolist() == [0, 255]
    assert decode(_tiff(values, bits, 0, kind), "L")[0, :, 0].tolist() == [255, 0]


@pytest.mark.parametrize(
    ("values", "bits", "kind"),
    [(struct.pack(">hh", 0, 256), 16, 2), (struct.pack(">ii", 0, 256), 32, 2), (struct.pack(">ff", 0, 1), 32, 3)],
)
def test_what_comes_with_its_bytes_swapped_is_refused(values: bytes, bits: int, kind: int) -> None:
    """Pillow reads packed big-endian values the wrong way round if they are signed or floats; plain ones are right."""
    assert decode(_tiff(values, bits, kind=kind, order=">"), "L")[0, 1, 0] > 0
    assert _reason(_tiff(values, bits, kind=kind, order=">", packing=8)) == "damaged"


def test_signed_bytes_are_refused() -> None:
    """They come as unsigned ones, in which the darkest are the brightest."""
    assert _reason(_tiff(b"\xff\x7f", 8, kind=2)) == "damaged"


def test_depth_is_noted_in_colour_too() -> None:
    """Pillow keeps the upper eight bits of a colour PNG with sixteen, and does not say so."""
    found = examine("", _png(1, 1, 16, 2, b"\0" + struct.pack(">HHH", 0x1234, 0, 0xFFFF)))
    assert (found.pixels[0, 0].tolist(), found.notes) == ([0x12, 0, 255], ("deep",))


@pytest.mark.parametrize(
    ("values", "expected"),
    [([0.0, 0.5, 1.0], [0, 128, 255]), ([0.0, 100.0, 255.0], [0, 100, 255]), ([-5.0, 0.0, 1e6], [0, 0, 255])],
)
def test_floats_become_eight_bits(values: list[float], expected: list[int]) -> None:
    """By the least full scale that holds them."""
    picture = Image.fromarray(np.array([values], np.float32))
    np.testing.assert_array_equal(decode(_saved(picture, "TIFF"), "L")[0, :, 0], expected)


def test_floats_that_are_no_numbers_are_refused() -> None:
    """A picture with NaN is damaged."""
    assert _reason(_saved(Image.fromarray(np.array([[np.nan, 1]], np.float32)), "TIFF")) == "damaged"


def test_cmyk_becomes_rgb() -> None:
    """No ink is white, full cyan has no red, full black is black."""
    inks = np.zeros((8, 24, 4), np.uint8)
    inks[:, 8:16, 0], inks[:, 16:, 3] = 255, 255
    picture = decode(_saved(Image.fromarray(inks, "CMYK"), "JPEG", quality=95, subsampling=0))
    np.testing.assert_allclose(picture[4, [4, 12, 20]], [[255, 255, 255], [0, 255, 255], [0, 0, 0]], atol=8)


def test_lab_is_refused_with_its_own_reason() -> None:
    """A colour space that Pillow cannot convert is named as the reason."""
    lab = ImageCms.profileToProfile(
        Image.fromarray(PICTURE), ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), outputMode="LAB"
    )
    assert _reason(_saved(lab, "TIFF")) == "unknown-colours"


@pytest.mark.parametrize("form", ["GIF", "WEBP", "PNG"])
def test_the_first_frame_of_an_animation_counts(form: str) -> None:
    """Later frames are not looked at."""
    frames = [Image.fromarray(np.full((8, 8, 3), value, np.uint8)) for value in (10, 200)]
    data = _saved(frames[0], form, save_all=True, append_images=frames[1:], **({"lossless": True} if form == "WEBP" else {}))
    assert abs(decode(data).astype(int) - 10).max() <= 1


@pytest.mark.parametrize("place", [3, 10**6])
def test_a_page_that_is_not_there_does_not_cost_the_first(place: int) -> None:
    """A TIFF of one page that says there is another, where there is none, is read."""
    found = examine("", _tiff(bytes([0, 255]), 8, 1, pages=place), "L")
    assert (found.pixels[0, :, 0].tolist(), found.notes) == ([0, 255], ())


@pytest.mark.parametrize("form", ["PNG", "JPEG", "BMP", "WEBP", "GIF"])
def test_half_a_file_is_truncated(form: str) -> None:
    """A file that ends in the middle says so, whatever its format."""
    data = encode(pixels(1, 64), form)
    assert _reason(data[: len(data) // 2]) == "truncated"


def test_what_is_no_picture_is_told_apart() -> None:
    """Nothing, text with a picture's name, and a right beginning with a wrong rest have reasons of their own."""
    assert _reason(b"") == "empty-file"
    assert _reason(b"I am text") == "not-a-picture"
    assert _reason(b"<svg xmlns='http://www.w3.org/2000/svg'/>") == "not-a-picture"
    data = bytearray(png(size=64))
    data[len(data) // 2] ^= 0xFF
    assert _reason(bytes(data)) == "damaged"


def _huge(width: int, height: int) -> bytes:
    """A PNG of a few bytes whose header speaks of many pixels."""

    return _png(width, height, 8, 2, b"")


def _inflating(kind: bytes, key: bytes = b"Comment") -> bytes:
    """A chunk of text, or a colour profile, of a few kilobytes that inflate to two megabytes."""
    return _chunk(kind, key + (b"\0\1\0\0\0" if kind == b"iTXt" else b"\0\0") + zlib.compress(bytes(2**21)))


@pytest.mark.parametrize("kind", [b"zTXt", b"iTXt", b"iCCP"])
@pytest.mark.parametrize("place", [33, -12])
def test_a_long_text_does_not_cost_the_picture(kind: bytes, place: int) -> None:
    """Before the pixels or after them, and what other texts say of the way up still holds."""
    plain = encode(PICTURE[:16])
    xmp = _chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + b'<rdf:Description tiff:Orientation="6"/>')
    found = examine("", plain[:place] + _inflating(kind) + xmp + plain[place:])
    np.testing.assert_array_equal(found.pixels, np.rot90(PICTURE[:16], -1))
    assert found.notes == ("turned",)


def test_many_long_texts_do_not_cost_the_picture() -> None:
    """Each as long as is allowed, but more than is allowed in all."""
    text = _chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(2**20)))
    data = encode(PICTURE)
    np.testing.assert_array_equal(decode(data[:33] + 65 * text + data[33:]), PICTURE)


def test_a_long_text_hides_no_damage() -> None:
    """A wrong checksum, and a text too long to say which way up the picture is, are refused all the same."""
    data = encode(PICTURE)
    assert _reason(data[:33] + _inflating(b"zTXt")[:-4] + bytes(4) + data[33:]) == "damaged"
    assert _reason(data[:33] + _inflating(b"iTXt", b"XML:com.adobe.xmp") + data[33:]) == "damaged"


@pytest.mark.threat("a picture of more pixels than allowed", found="refused by its header, before decoding")
@pytest.mark.parametrize("side", [8001, 10_000, 20_000, 2**31 - 1])
def test_too_many_pixels_are_refused_from_the_header(side: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """20000 by 20000 is refused before anything is decoded, whatever limit Pillow itself has."""
    for limit in (Image.MAX_IMAGE_PIXELS, None):
        monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", limit)
        assert _reason(_huge(side, side)) == "too-many-pixels"
    assert module.MOST_PIXELS == 64_000_000


@pytest.mark.threat("a format off the list, a polyglot by its name", found="no decoder sees it")
def test_a_format_off_the_list_is_not_given_to_a_decoder() -> None:
    """Pillow could read these; they are not on the list."""
    for form in ("PPM", "ICO", "TGA", "PCX", "SGI"):
        assert _reason(encode(PICTURE, form)) == "not-a-picture"


@pytest.mark.threat("pictures damaged at random, in every format", found="read, or refused with a reason")
@settings(max_examples=200, deadline=None)
@given(st.sampled_from(["PNG", "JPEG", "GIF", "WEBP", "BMP", "TIFF"]), st.data())
def test_damage_never_raises_anything_but_a_refusal(form: str, data: st.DataObject) -> None:
    """Any bytes changed anywhere: pixels or a reason, never another error."""
    content = bytearray(encode(PICTURE, form))
    for _ in range(data.draw(st.integers(1, 8))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    with suppress(Refused):
        assert decode(bytes(content)).dtype == np.uint8


def test_formats_are_told_by_their_first_bytes() -> None:
    """Every format on the list is recognised from its first 12 bytes."""
    for form in ("PNG", "JPEG", "GIF", "WEBP", "BMP", "TIFF"):
        assert sniff(encode(PICTURE, form)[:12]) == form


@pytest.mark.parametrize("fit", ["crop", "pad"])
@pytest.mark.parametrize("shape", [(40, 40), (60, 20), (20, 60), (7, 9), (1, 3000), (3000, 1), (16, 16)])
@pytest.mark.parametrize("channels", [3, 1])
def test_any_shape_becomes_the_square(fit: Any, shape: tuple[int, int], channels: int) -> None:
    """uint8 [16, 16, C], contiguous, for every shape, however narrow."""
    picture = np.full((*shape, channels), 90, np.uint8)
    done = preparation(16, fit, (255,) * channels)(picture)
    assert (done.shape, done.dtype, done.flags.c_contiguous) == ((16, 16, channels), np.uint8, True)
    assert fit == "pad" or (done == 90).all()


def test_shrinking_averages_over_areas() -> None:
    """Four times smaller is the mean over blocks of 4 by 4, so no stripe is lost or invented."""
    picture = pixels(4, 64)
    means = picture.reshape(16, 4, 16, 4, 3).mean(axis=(1, 3))
    np.testing.assert_allclose(preparation(16, "crop", (0, 0, 0))(picture), means, atol=0.51)


def test_crop_keeps_the_middle_and_pad_keeps_all() -> None:
    """A wide picture loses its sides, or gets bars of the background above and below."""
    wide: NDArray[np.uint8] = np.zeros((16, 48, 3), np.uint8)
    wide[:, 16:32] = (250, 0, 0)
    assert (preparation(16, "crop", (0, 0, 0))(wide) == (250, 0, 0)).all()
    padded = preparation(48, "pad", (1, 2, 3))(wide)
    np.testing.assert_array_equal(padded[16:32], wide)
    assert (padded[:16] == (1, 2, 3)).all()
    assert (padded[32:] == (1, 2, 3)).all()


def test_preparing_heeds_no_global_seed() -> None:
    """The same picture gives the same bytes whatever numpy's global generator has done in between."""
    first = preparation(16, "crop", (0, 0, 0))(pixels(5, 50))
    np.random.seed(3)
    np.testing.assert_array_equal(preparation(16, "crop", (0, 0, 0))(pixels(5, 50)), first)
