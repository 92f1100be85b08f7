"""Write workbooks as programs write them, part by part."""

import io
import zipfile
from collections.abc import Mapping, Sequence
from typing import Any, Final

_MAIN: Final = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELATIONS: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE: Final = "http://schemas.openxmlformats.org/package/2006/relationships"
#: What a workbook says of its parts; readers follow the relations.
TYPES: Final = '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>'


def cell(place: str, written: Any, kind: str = "", style: int | None = None) -> str:
    """Write a cell: text as shared by its number (`s`), else as it stands."""
    attributes = f' t="{kind}"' if kind else ""
    attributes += f' s="{style}"' if style is not None else ""
    held = f"<is><t>{written}</t></is>" if kind == "inlineStr" else f"<v>{written}</v>"
    return f'<c r="{place}"{attributes}>{held}</c>'


def sheet(rows: Sequence[Sequence[Any]]) -> str:
    """Write rows from A1 on: text as text, numbers as numbers, nothing as no cell, `<c` as it stands."""
    return "".join(
        f'<row r="{at}">{"".join(_written(at, column, value) for column, value in enumerate(row))}</row>'
        for at, row in enumerate(rows, start=1)
    )


def _written(at: int, column: int, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str) and value.startswith("<c"):
        return value
    place = f"{chr(ord('A') + column)}{at}"
    return cell(place, value, "inlineStr" if isinstance(value, str) else "")


def workbook(
    *sheets: str | Sequence[Sequence[Any]],
    formats: Sequence[str] = (),
    shared: Sequence[str] = (),
    of_1904: bool = False,
    states: Mapping[int, str] | None = None,
    prefix: str = "",
    more: Mapping[str, str | bytes] | None = None,
) -> bytes:
    """
    Write a workbook.

    Args: sheets as rows or as the XML of their rows; the formats of styles 1, 2, ..., as codes; the texts that cells
    share, as XML; whether days are counted from 1904; states of sheets; a prefix of the tags; parts beside or instead.
    """
    p = f"{prefix}:" if prefix else ""
    space = f'xmlns{":" if prefix else ""}{prefix}="{_MAIN}" xmlns:r="{_RELATIONS}"'
    held = {
        "[Content_Types].xml": TYPES,
        "_rels/.rels": _related([("officeDocument", "xl/workbook.xml")]),
        "xl/_rels/workbook.xml.rels": _related(
            [
                *(("worksheet", f"worksheets/sheet{at}.xml") for at in range(1, len(sheets) + 1)),
                ("styles", "styles.xml"),
                ("sharedStrings", "/xl/sharedStrings.xml"),
            ]
        ),
        "xl/workbook.xml": f'<{p}workbook {space}><{p}workbookPr date1904="{int(of_1904)}"/><{p}sheets>'
        + "".join(
            f'<{p}sheet name="S{at}" sheetId="{at}" r:id="rId{at}" state="{(states or {}).get(at, "visible")}"/>'
            for at in range(1, len(sheets) + 1)
        )
        + f"</{p}sheets></{p}workbook>",
        "xl/styles.xml": f"<{p}styleSheet {space}><{p}numFmts>"
        + "".join(
            f'<{p}numFmt numFmtId="{200 + at}" formatCode="{code}"/>' for at, code in enumerate(formats)
        )
        + f'</{p}numFmts><{p}cellStyleXfs><{p}xf numFmtId="14"/></{p}cellStyleXfs><{p}cellXfs><{p}xf numFmtId="0"/>'
        + "".join(f'<{p}xf numFmtId="{200 + at}"/>' for at in range(len(formats)))
        + f"</{p}cellXfs></{p}styleSheet>",
        "xl/sharedStrings.xml": f"<{p}sst {space}>"
        + "".join(f"<{p}si>{text}</{p}si>" for text in shared)
        + f"</{p}sst>",
    }
    for at, rows in enumerate(sheets, start=1):
        data = rows if isinstance(rows, str) else sheet(rows)
        if prefix:
            data = data.replace("</", f"</{p}").replace("<", f"<{p}").replace(f"<{p}/{p}", f"</{p}")
        held[f"xl/worksheets/sheet{at}.xml"] = (
            f"<{p}worksheet {space}><{p}sheetData>{data}</{p}sheetData></{p}worksheet>"
        )
    return packed({**held, **(more or {})})


def _related(parts: Sequence[tuple[str, str]]) -> str:
    told = "".join(
        f'<Relationship Id="rId{at}" Type="{_RELATIONS}/{kind}" Target="{target}"/>'
        for at, (kind, target) in enumerate(parts, start=1)
    )
    return f'<Relationships xmlns="{_PACKAGE}">{told}</Relationships>'


def packed(members: Mapping[str, str | bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Write a zip."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()
