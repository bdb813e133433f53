"""Words to insert into headers, each of which has surprised some reader."""

from __future__ import annotations


def _words(text: str) -> list[str]:
    return text.split()


_INTEGERS = [0, 1, 2, 3, 6, 7, 18, 72, 127, 255, 256, 4096, 65535, 65536, 10**5, 10**30, -100]
_INTEGERS += [
    number for power in (31, 32, 40, 53, 59, 60, 62, 63, 64) for number in (2**power - 1, 2**power, -(2**power))
]
NUMBERS = [
    *map(str, _INTEGERS),
    *_words("00 007 +1 --1 1_0 0x10 0b11 0o17 6L 1. 6.0 1.5 1e3 1e400 1j nan inf -inf NaN Infinity"),
    *_words("True False None true null"),
    *_words("\u0663 \u00b3 \u096c \U0001d7d9 \uff16 \u2167"),  # digits to somebody
    "- 1",
    "9" * 50,
    "9" * 4301,
    "0x" + "f" * 5000,
]
_SPACES = ["", " ", "\n", "\r", "\r\n", "\t", "\f", "\v", "\0", "\x1a", "\x1b[2J", "\x1d", "\x7f"]
_SPACES += ["\ufeff", "\u00a0", "\x85", "\u2028", "\u3000"]
_DESCRS = _words(
    """<f4 <f8 >f2 <f16 |i1 <i8 <u2 =f4 f4 f float32 int <f3 <q99 >c8 |O O |O8 object |b1 ? |S0 |S3 <U0 <U536870911
    <U536870912 |V0 |V2 |V999999999 <M8 <M8[s] <m8[0s] <M8[25s/5] <M8[D] f4,f4 3f4 (2,)f4 |a5 <T < \u0663f4
    \\ud800 \\d \\x00 \\101f4 <f\u0664 <f4\0"""
)
_PYTHON = _words(
    """( ) [ ] { } , : ' " ''' \\ # ; = * ** () (6,) (6) (,) [6,3] (True,5) (8.0,5) ((6,),3) (6,*(3,)) 'descr' 'shape'
    'fortran_order' b'descr' u'descr' r'descr' f'descr' 'de'+'scr' '\\144escr' __import__('os') not ... := {**{}} set()
    {1} {[]} -(1) 6*1 1+1j a.b x \u00e9 print yield await ~6 'x':1, 'descr':'<f8', None:1, 1:2, ():0, **x,"""
)
_PYTHON += ["\\\n", "# coding: latin-1", "'de' 'scr'", "lambda: 0", "if 1 else 2", "for x in y"]
_PYTHON += ["0x1for x in y", "1if 1else 2"]
_PYTHON += ["(" * 90, "(" * 3000, "[" * 2000, "{1:" * 1500, "-" * 3000 + "1", "not " * 1500, "1+" * 2000 + "1"]
_PYTHON += ["()" * 3000, "0x" + "f" * 4000 + ":1,", "[('a', '<f4')]", "('|u1',)"]
_JSON = _words(
    """{ } [ ] {} [] [[]] , : " \\" \\ // /**/ ' [0] [0,1,2] "dtype" "shape" "data_offsets" "__metadata__" "format"
    "logits" "labels" "" "x" "\\u0000" "\\ud800" "\\ud83d\\ude00" "a\\nb" "\\u001b[2J" "dt\\u0079pe" "][" "dtype":"F32",
    "shape":[6,3], "data_offsets":[0,72], "x":{}, "x":1, "__metadata__":{}, "__metadata__":{"a":1}, "__metadata__":null,
    "extra":{"a":[]}, "__metadata__":{"a":"b","a":"c"}, "x":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}, 1e999 -0
    0.0 1E2 [0,1e1] [-0,4] "logits":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}, [4,0] [0,0]"""
)
_JSON += ['"\u2028"', '"' + "k" * 500 + '"', "[" * 100, "[" * 200, "[" * 3000, '{"a":' * 150]
_TENSORS = _words("F64 F32 F16 BF16 I64 I32 I16 I8 U64 U32 U16 U8 BOOL F8_E4M3 F8_E5M2 F8_E8M0 F4 F6_E2M3 C64 f32")
_TENSORS += ["", "F\n32", "F\\n32", "F\\u001b32", "F\u2028", "X" * 300]
_CSV = _words(
    """" "" \"\"\" ", ," , ,, ,,,,,,, ; | ' # \\ \\" =1+1 @x label labels Label "label" id,label label,label label,
    ,label "1" "1"1 0.0 -0 1;2 0,1 e E5 . - \ufeff1 \ufeff"1" #1"""
)
_CSV += ["# 1", "\n\n", "\r\n\r\n", "\r\r", "\n,\n", " 1", "1 ", '" 1 "', '"1" ', ' "1"', '"\n"', "7" * 140_000]
_SAMPLES = _words(
    """"acc" "target" "filter" "doc_id" "arguments" "filtered_resps" "resps" "none" "False" null true NaN -Infinity
    1e999 "acc":1, "acc":0.5, "target":"0", "doc_id":0, [] {} [[] {"acc": ]] }} "[0]" "[0, 1]" "\\ud800" -0.0 0 1 -1"""
)
_ZIP = _words("PK\3\4 PK\1\2 PK\5\6 PK\6\6 PK\6\7 PK\7\x08 logits labels .npy logits.npy / ../ \1\0\x08\0 up")


def _bytes(*texts: str) -> list[bytes]:
    return [text.encode() for text in texts]


_RAW = [b"\xff", b"\xfe\xff", b"\xff\xfe", b"\xc3", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xc0\x80", b"\x80\x04"]
# Instructions of pickles, with their arguments.
_NAMES = """torch._utils _rebuild_tensor_v2|torch._utils _rebuild_tensor_v3|torch._utils _rebuild_parameter|torch Tensor
torch FloatStorage|torch LongStorage|torch.storage UntypedStorage|torch uint16|torch bfloat16|torch Size|os system
torch._utils _rebuild_sparse_tensor|torch._utils _rebuild_meta_tensor_no_storage|torch._utils _rebuild_nested_tensor
collections OrderedDict|builtins bytearray|builtins set|_codecs encode|numpy.core.multiarray _reconstruct|numpy dtype"""
PICKLE = [b"c" + b"\n".join(name.encode().split()) + b"\n" for name in _NAMES.replace("\n", "|").split("|")]
PICKLE += [bytes([code]) for code in b"(.0123abdeloptuRQNNTT]})\x81\x85\x86\x87\x88\x89\x8f\x90\x91\x93\x94\x97"]
PICKLE += [b"K" + bytes([number]) for number in (0, 1, 3, 6, 72, 255)]
PICKLE += [bytes([code, number]) for code in b"hq" for number in (0, 1, 2, 3, 7, 9, 255)]
PICKLE += [b"J" + number.to_bytes(4, "little") for number in (0, 7, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 1 << 26)]
PICKLE += [b"\x8a\x08" + (number % (1 << 64)).to_bytes(8, "little") for number in (-1, 1 << 62, 1 << 63, 1 << 31)]
PICKLE += [
    b"X" + len(text).to_bytes(4, "little") + text for text in (b"", b"0", b"1", b"logits", b"meta", b"neg", b"\x1b[2J")
]
PICKLE += [b"\x8b\xff\xff\xff\x7f", b"B\xff\xff\xff\x7f", b"I1\n", b"S'\\d'\n", b"G" + bytes(8), b"\x80\x05"]
_FIELDS = _words('"logits" "label" "labels" "x.logits" "x" "logit_0" "logit_1" "w"')
# Replacements of quoted words in a header.
QUOTED = {
    "npy": _bytes(*(f"'{descr}'" for descr in _DESCRS), "''", "'\\N{DIGIT ONE}'"),
    "npz": [],
    "safetensors": _bytes(*(f'"{name}"' for name in _TENSORS)),
    "lm-eval": _bytes(*_SAMPLES, '""', '"\x1b[2J"'),
    "jsonl": _bytes(*_FIELDS, '""', '"\x1b[2J"'),
    "pt": [],
    "parquet": [],
    "arrow": [],
    "csv": _bytes('"0"', '"1"', '""', '"label"', '"2\n"', '"\u0663"'),
}
WORDS = {
    "npy": _bytes(*NUMBERS, *_SPACES, *_PYTHON) + QUOTED["npy"] + _RAW,
    "npz": [*_bytes(*_ZIP, *_SPACES), bytes(8), *(b"\xff" * size for size in (2, 4, 8)), b"\x93NUMPY", *_RAW],
    "safetensors": _bytes(*NUMBERS, *_SPACES, *_JSON) + QUOTED["safetensors"] + _RAW,
    "pt": [*PICKLE, *_bytes(*_ZIP), b"little", b"big", b"data.pkl", b"/data/0", *_RAW],
    "csv": _bytes(*NUMBERS, *_SPACES, *_CSV) + _RAW,
    "lm-eval": _bytes(*NUMBERS, *_SPACES, *_JSON, *_SAMPLES) + _RAW,
    "jsonl": _bytes(*NUMBERS, *_SPACES, *_JSON, *_FIELDS) + _RAW,
    "parquet": [b"PAR1", b"PARE", b"PAR1PAR1", b"logit_1", b"label", bytes(8), b"\xff" * 8, b"\x15\x00\x15", *_RAW],
    "arrow": [b"ARROW1", b"ARROW1\0\0", b"\xff" * 4 + bytes(4), b"logit_1", b"label", bytes(8), b"\xff" * 8, *_RAW],
}
