import pytest

from backlit.data.formats.delimited import read_delimited
from backlit.errors import DataError


def rows(data, names=None, separator=None, default=","):
    table = read_delimited(data, "f.csv", names=names, separator=separator, default=default).frame
    return table.columns, table.rows()


@pytest.mark.parametrize(
    "data",
    [
        b"a,b\n1,2\n3,4",
        b"a,b\n1,2\n3,4\n\n  \n",
        b"\n\na,b\n\n1,2\n   \n3,4\n",
        b"\xef\xbb\xbfa,b\r\n1,2\r\n\r\n3,4\r\n",
        b"a,b\r1,2\r3,4\r",
        b"a;b\n1;2\n3;4\n",
        b"a\tb\n1\t2\n3\t4\n",
        b"a|b\n1|2\n3|4\n",
        b'"a" "b"\n"1"  "2"\n3 4\n',
        b"a    b\n1\t2\r\n 3   4 \r\n",
        b' "a","b"\n"1", "2"\n3,4\n'.lstrip(),
    ],
)
def test_many_spellings_of_one_table(data):
    assert rows(data) == (["a", "b"], [("1", "2"), ("3", "4")])


def test_quotes_hold_separators_line_breaks_and_quotes():
    data = b'a,b\n"x,y","line 1\nline 2"\n"say ""hi""",2\n'
    assert rows(data) == (["a", "b"], [("x,y", "line 1\nline 2"), ('say "hi"', "2")])
    assert rows(b'a,b\n1, "x, y"\n2, "z"\n') == (["a", "b"], [("1", "x, y"), ("2", "z")])


def test_a_backslash_before_a_quote_mark_is_its_own_or_the_marks():
    assert rows(b'a,b\n"say \\"hi\\"",2\n"x\\\\",3\n') == (["a", "b"], [('say "hi"', "2"), ("x\\\\", "3")])
    assert rows(b'a,b\n"C:\\new\\",2\n') == (["a", "b"], [("C:\\new\\", "2")])


def test_names_tell_which_separator_divides():
    data = b'18.0   8  307.0\t"chevrolet malibu"\n15.0   8  350.0\t"buick"\n'
    assert rows(data, names=list("abcd"))[1] == [
        ("18.0", "8", "307.0", "chevrolet malibu"),
        ("15.0", "8", "350.0", "buick"),
    ]


def test_words_of_one_column_of_text_are_not_divided():
    assert rows(b"full name\nJohn Smith\nAnna Lee\n") == (["full name"], [("John Smith",), ("Anna Lee",)])


def test_comments_leave_no_gap_and_lines_keep_their_numbers():
    table = read_delimited(b"x\na\n# c\n1\n2\n", "f.csv", skip_rows=1, comment="#")
    assert (table.frame.to_dict(as_series=False), table.begins_on) == ({"a": ["1", "2"]}, 2)
    with pytest.raises(DataError, match="Line 6 of"):
        read_delimited(b"x\n\n# c\na,b\n1,2\n3\n", "f.csv", skip_rows=1, comment="#")
    with pytest.raises(DataError, match="fewer than the 9 lines"):
        read_delimited(b"x\n", "f.csv", skip_rows=9)
    with pytest.raises(DataError, match="every line begins with '#'"):
        read_delimited(b"# x\n# y\n", "f.csv", comment="#")


def test_a_short_line_and_a_long_one_are_seen_though_their_sum_is_right():
    with pytest.raises(DataError, match=r"Line 2 .* 1 cell"):
        rows(b"a,b\n1\n1,2,3\n")


def test_a_last_column_without_a_name_stays_where_something_stands_in_it():
    assert rows(b"a,b,\n1,2,\n3,4,5\n")[0] == ["a", "b", "column_3"]


def test_a_blank_line_is_missing_in_a_table_of_one_column():
    assert rows(b"a\n1\n\n2\n\n") == (["a"], [("1",), (None,), ("2",)])
    assert rows(b"a\n\n2\n") == (["a"], [(None,), ("2",)])


def test_names_take_the_first_line_as_data():
    assert rows(b"1, x\n2, y\n", names=["n", "t"]) == (["n", "t"], [("1", " x"), ("2", " y")])


def test_header_is_stripped_and_a_nameless_column_is_numbered():
    assert rows(b", a \n0,1\n")[0] == ["column_1", "a"]
    assert rows(b"0,1\n5,6\n")[0] == ["0", "1"]


def test_separator_is_found_even_if_cells_hold_commas():
    assert rows(b"a;b\n1,5;2,5\n1,7;2\n") == (["a", "b"], [("1,5", "2,5"), ("1,7", "2")])


@pytest.mark.parametrize(
    ("data", "options", "said"),
    [
        (b"a,b\n1,2\n3\n4,5\n", {}, "Line 3 of f.csv has 1 cell, but the header has 2 columns"),
        (b"a,b\n1,2\n3,4,5\n", {}, "Line 3 of f.csv has 3 cells, but the header has 2 columns"),
        (b"a,b\n\n\n1,2\n3\n", {}, "Line 5 "),
        (b'a,b\n"x\ny",2\n3\n', {}, "Line 4 "),
        (b"1,2\n3\n", {"names": ["a", "b"]}, "Line 2 of f.csv has 1 cell, but the list of names has 2"),
        (b"a,b\n1,x\0y\n", {}, "NUL byte on line 2 (byte 8)"),
        (b"a,b\n1,\xe9\n", {}, "not UTF-8: byte 0xE9 on line 2"),
        (b"\n \n", {}, "is empty"),
        (b"a,b\n", {}, "no rows"),
        (b"a,b\n\n\n", {}, "no rows"),
        (b"a,b,a\n1,2,3\n", {}, "columns 1 and 3 have the same name, 'a'"),
        (b"1,2,3\n", {"names": ["a", "b", "a"]}, "columns 1 and 3 have the same name, 'a'"),
        (b"1,2,3\n", {"names": ["a", "b"]}, "2 names were given, but line 1 of f.csv has 3 cells"),
        (b"1 2 3\n", {"names": ["a", "b"]}, "or another separator than ','"),
        (b"1.5,2\n3,4\n", {}, "holds numbers (1.5, 2 …), not column names"),
        (b'a,b\n1,"2\n3,4\n', {}, "a quote mark (the last is on line 2) has no partner"),
        (b'a,b\n5" x,1\n6" x,2\n', {}, "quote mark"),
        (b'a,b\n"1"x,1\n', {}, "quote mark"),
        (b'a,b\n1,x"\n"y\n', {}, "quote mark"),
        (b"a;b\n1;2\n", {"separator": ","}, "one column when divided at each comma, but 2 when divided at each semi"),
        (b"a,b\n1,2\n", {"separator": ",,"}, "A separator is one ASCII character"),
    ],
)
def test_bad_text_is_refused_by_name_and_place(data, options, said):
    with pytest.raises(DataError) as caught:
        rows(data, **options)
    assert said in str(caught.value)
    assert len(str(caught.value)) < 300


def test_a_line_deep_in_a_long_file_is_found():
    data = b"a,b\n" + b"1,2\n" * 50_000 + b"3\n" + b"1,2\n" * 50_000
    with pytest.raises(DataError, match="Line 50002 "):
        rows(data)
