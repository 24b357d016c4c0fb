import csv

import pytest

from backlit.data.formats.beginning import find_beginning


@pytest.mark.parametrize(
    ("text", "begins"),
    [
        ("a,b\n1,2", 0),
        ("\na,b\n1,2", 1),
        ("Title\na,b\n1,2", 1),
        ("Title\n\nsource: X\na,b,c\nx,y,z", 3),
        ("# made, on, Monday\n# by X\na,b\nx,y", 2),
        ("Report,,,\nfrom,x,,\n,,,\na,b,c,d\n1,2,3,4", 3),
        ("Source,WDI,\n\nName,Code,1960,1961,\nA,B,1,,\n", 2),
        ("Title\n,b,c\n0,1,2", 1),
        # a row is never taken for the header
        ("size\n1,2\n3,4", None),
        ("name\nx,1\ny,2", None),
        ("name\nfoo,bar\nbaz,qux", None),
        ("title\nHello, world\nYes, sir", None),
        ("#chromosome,name\nchr1,foo\nchr2,bar", None),
        ("a,b\nx,y\nz\np,q\nr,s", None),
        ("Title\na,b,c\n1,2", None),
        ("Title\na,b,c", None),
        ("one\ntwo", None),
        ("", None),
    ],
)
def test_where_a_table_begins(text, begins):
    assert find_beginning(list(csv.reader(text.split("\n")))) == begins
