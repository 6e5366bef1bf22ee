package script

import (
	"archive/zip"
	"bytes"
	"errors"
	"io"
	"io/fs"
	"path"
	"strings"
	"unicode"

	"golang.org/x/text/encoding/htmlindex"
)

const (
	maxFileName    = 255      // bytes of a file's name, type or parameter
	maxToCompress  = 20 << 20 // bytes of the files that go into an archive
	maxCompressed  = 2 << 20  // bytes of an archive that compress makes
	maxToExtract   = 3 << 20  // bytes of an archive that is extracted
	maxExtracted   = 20 << 20 // bytes of all files in it
	maxInArchive   = 1000     // files in it
	archiveType    = "application/zip"
	archiveSign    = "PK\x01\x02" // stands before each entry in the directory of an archive (APPNOTE.TXT 4.3.12)
	unknownType    = "application/octet-stream"
	cannotBeRead   = "This archive cannot be read"
	notInAFileName = "The name of a file has 1 to 255 letters, and no slashes or control characters"
)

// fileFunctions work on files, which are what the world outside answers with, or are made of values by toFile.
func fileFunctions() []builtin {
	file := on(KindFile)
	tells := func(name, about, example, prints string, do func(f *File) Value) builtin {
		return method(file, name, "", about, example, prints, func(_ *calling, args []Value) (Value, error) {
			return do(args[0].file()), nil
		})
	}
	// sets is a function that changes a file, if what it is given is allowed.
	sets := func(name, takes, about, example, prints string, allowed func(s string) bool, wrong string, set func(f *File, s string)) builtin {
		return asStatement(method(file, name, takes, about, example, prints, func(c *calling, args []Value) (Value, error) {
			s, err := c.textArg(args, 1)
			switch {
			case err != nil:
				return Value{}, err
			case !allowed(s):
				return c.fail("%s", wrong)
			}
			set(args[0].file(), s)
			return Value{}, nil
		}))
	}
	return []builtin{
		method(anyKind&^on(KindNull), "toFile", "name", "A file of this content: maps and lists as JSON, everything else as it is printed. Its type follows from the name.", `info "a,b".toFile("list.csv").getFileType();`, "text/csv", toFile),
		method(anyKind, "isFile", "", "Whether it is a file.", `info "a".toFile("a.txt").isFile();`, "true", func(_ *calling, args []Value) (Value, error) {
			return Bool(args[0].kind == KindFile), nil
		}),
		tells("getFileName", "The name of a file.", `info "a".toFile("a.txt").getFileName();`, "a.txt", func(f *File) Value { return Text(f.Name) }),
		tells("getFileSize", "How many bytes a file has.", `info "Zürich".toFile("a.txt").getFileSize();`, "7", func(f *File) Value { return Number(int64(len(f.Content))) }),
		tells("getFileType", "The type of a file's content.", `info "{}".toFile("a.json").getFileType();`, "application/json", func(f *File) Value { return Text(f.Type) }),
		method(file, "getFileContent", "", "The content of a file as a text.", `info "a".toFile("a.txt").getFileContent();`, "a", func(c *calling, args []Value) (Value, error) {
			f := args[0].file()
			if err := c.grow(c.Pos, int64(len(f.Content))); err != nil {
				return Value{}, err
			}
			return c.newText(decoded(f.Content, f.Charset))
		}),
		sets("setFileName", "name", "Gives a file another name.", `f = "a".toFile("a.txt"); f.setFileName("b.txt"); info f;`, "b.txt", isFileName, notInAFileName, func(f *File, s string) { f.Name = s }),
		sets("setFileType", "type", "Says what the content of a file is.", `f = "a".toFile("a.txt"); f.setFileType("text/html"); info f.getFileType();`, "text/html", isHeaderWord, "The type of a file is a short word such as text/plain", func(f *File, s string) { f.Type = s }),
		sets("setCharset", "charset", "Says how the text in a file is encoded.", `f = "a".toFile("a.txt"); f.setCharset("ISO-8859-1"); info f.getFileContent();`, "a", func(s string) bool { _, err := htmlindex.Get(s); return err == nil }, "This charset is not known: UTF-8 and ISO-8859-1 are", func(f *File, s string) { f.Charset = s }),
		sets("setParamName", "name", "Says under which name invokeurl sends a file.", `f = "a".toFile("a.txt"); f.setParamName("upload"); info f;`, "a.txt", isHeaderWord, "The name of a parameter has 1 to 255 letters, and no control characters", func(f *File, s string) { f.ParamName = s }),
		method(on(KindFile, KindList, KindCollection), "compress", "[name]", "A file, or all files of a list, in a ZIP archive of at most 2 MB.", `info "a".toFile("a.txt").compress("b");`, "b.zip", compress),
		method(file, "extract", "", "The files of a ZIP archive of at most 3 MB, as a collection: each by its name.", `info "a".toFile("a.txt").compress().extract().get("a.txt").getFileContent();`, "a", extract),
	}
}

// newFile gives a file that the function made, counted.
func (c *calling) newFile(name, contentType string, content []byte) (Value, error) {
	return NewFile(&File{Name: name, Type: contentType, Content: content}), c.grow(c.Pos, int64(len(content))+entrySize)
}

func (c *calling) fileNameArg(args []Value, i int) (string, error) {
	name, err := c.textArg(args, i)
	if err == nil && !isFileName(name) {
		err = failure(c.Pos, notInAFileName)
	}
	return name, err
}

// isFileName: a name that leads nowhere else, and fits into a header.
func isFileName(s string) bool {
	return isHeaderWord(s) && s != "." && s != ".." && !strings.ContainsAny(s, `/\`)
}

func isHeaderWord(s string) bool {
	return s != "" && len(s) <= maxFileName && !strings.ContainsFunc(s, unicode.IsControl)
}

// decoded is a text of bytes in a charset; UTF-8 where none is given. What stands for no letter becomes U+FFFD.
func decoded(content []byte, charset string) string {
	if charset != "" {
		if encoding, err := htmlindex.Get(charset); err == nil {
			if b, err := encoding.NewDecoder().Bytes(content); err == nil {
				content = b
			}
		}
	}
	return strings.ToValidUTF8(string(content), "\ufffd")
}

// contentTypes are those of names that end so. The system's own table is not asked: it is another one on each machine.
var contentTypes = map[string]string{
	".txt": "text/plain", ".csv": "text/csv", ".html": "text/html", ".htm": "text/html", ".css": "text/css", ".ics": "text/calendar", ".vcf": "text/vcard", ".md": "text/markdown",
	".json": "application/json", ".xml": "application/xml", ".pdf": "application/pdf", ".zip": archiveType, ".gz": "application/gzip", ".js": "text/javascript", ".yaml": "application/yaml", ".yml": "application/yaml",
	".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".gif": "image/gif", ".svg": "image/svg+xml", ".webp": "image/webp", ".bmp": "image/bmp", ".ico": "image/vnd.microsoft.icon",
	".mp3": "audio/mpeg", ".wav": "audio/wav", ".mp4": "video/mp4", ".doc": "application/msword", ".xls": "application/vnd.ms-excel", ".ppt": "application/vnd.ms-powerpoint",
	".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document", ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", ".pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
}

func contentTypeOf(name string) string {
	if t := contentTypes[strings.ToLower(path.Ext(name))]; t != "" {
		return t
	}
	return unknownType
}

func toFile(c *calling, args []Value) (Value, error) {
	name, err := c.fileNameArg(args, 1)
	if err != nil {
		return Value{}, err
	}
	var content string
	switch args[0].Kind() {
	case KindFile:
		f := *args[0].file()
		f.Name, f.Type = name, contentTypeOf(name)
		return NewFile(&f), c.grow(c.Pos, entrySize)
	case KindList, KindMap, KindCollection:
		content, err = c.json(c.Pos, args[0])
	default:
		content, err = c.show(c.Pos, args[0])
	}
	if err != nil {
		return Value{}, err
	}
	return c.newFile(name, contentTypeOf(name), []byte(content))
}

var errNoRoom = errors.New("no room")

// atMost is a buffer that refuses what is more than it may hold.
type atMost struct {
	bytes.Buffer
	room int
}

func (b *atMost) Write(p []byte) (int, error) {
	if b.Len()+len(p) > b.room {
		return 0, errNoRoom
	}
	return b.Buffer.Write(p)
}

func compress(c *calling, args []Value) (Value, error) {
	values := args[:1]
	if args[0].kind != KindFile {
		var err error
		if values, err = c.elements(c.Pos, args[0]); err != nil {
			return Value{}, err
		}
	}
	out, size, taken := &atMost{room: maxCompressed}, 0, map[string]bool{}
	archive := zip.NewWriter(out)
	for _, v := range values {
		if v.kind != KindFile {
			return Value{}, c.wrong(v, "FILE", 0)
		}
		f := v.file()
		if size += len(f.Content); size > maxToCompress {
			return c.fail("At most %d MB are compressed", maxToCompress>>20)
		}
		if taken[f.Name] {
			return c.fail("Two of the files are called %s", cut(f.Name, 30))
		}
		taken[f.Name] = true
		if err := c.late(c.Pos); err != nil {
			return Value{}, err
		}
		w, err := archive.Create(f.Name)
		if err == nil {
			_, err = w.Write(f.Content)
		}
		if err != nil {
			return c.fail("The archive has more than %d MB", maxCompressed>>20)
		}
	}
	if len(values) == 0 {
		return c.fail("There are no files to compress")
	}
	if err := archive.Close(); err != nil {
		return c.fail("The archive has more than %d MB", maxCompressed>>20)
	}
	name := values[0].file().Name
	if len(args) == 2 {
		var err error
		if name, err = c.fileNameArg(args, 1); err != nil {
			return Value{}, err
		}
	}
	if !strings.EqualFold(path.Ext(name), ".zip") {
		name += ".zip"
	}
	return c.newFile(name, archiveType, out.Bytes())
}

func extract(c *calling, args []Value) (Value, error) {
	content := args[0].file().Content
	if len(content) > maxToExtract {
		return c.fail("An archive that is extracted has at most %d MB", maxToExtract>>20)
	}
	// Counted before the directory is read, which takes far more memory than it has bytes.
	if bytes.Count(content, []byte(archiveSign)) > maxInArchive {
		return c.fail("An archive that is extracted has at most %d files", maxInArchive)
	}
	archive, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		return c.fail(cannotBeRead)
	}
	found, room := &Map{}, int64(maxExtracted)
	for _, entry := range archive.File {
		if strings.HasSuffix(entry.Name, "/") {
			continue
		}
		if !fs.ValidPath(entry.Name) || strings.Contains(entry.Name, `\`) || !isHeaderWord(entry.Name) {
			return c.fail("The archive has a file whose name leads out of it, or cannot be a name")
		}
		if found.Has(Text(entry.Name)) {
			return c.fail("The archive has two files called %s", cut(entry.Name, 30))
		}
		file, err := c.extracted(entry, &room)
		if err != nil {
			return Value{}, err
		}
		found.Put(Text(entry.Name), file)
	}
	return Value{kind: KindCollection, ref: &Collection{keys: found}}, c.grow(c.Pos, int64(found.Len()+1)*entrySize)
}

// extracted reads an entry of an archive. What it says of its size is not believed.
func (c *calling) extracted(entry *zip.File, room *int64) (Value, error) {
	if err := c.late(c.Pos); err != nil {
		return Value{}, err
	}
	r, err := entry.Open()
	if err != nil {
		return c.fail(cannotBeRead)
	}
	defer r.Close()
	most := min(*room, max(c.Limits.Memory-c.memory, 0))
	content, err := io.ReadAll(io.LimitReader(r, most+1))
	*room -= int64(len(content))
	switch {
	case *room < 0:
		return c.fail("The files of an archive have at most %d MB", maxExtracted>>20)
	case err != nil:
		return c.fail(cannotBeRead)
	}
	return c.newFile(path.Base(entry.Name), contentTypeOf(entry.Name), content)
}
