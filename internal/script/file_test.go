package script

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

func TestFiles(t *testing.T) {
	for _, c := range []struct{ source, want string }{
		{`f = {"a": 1}.toFile("a.json"); info f.getFileType(); info f.getFileContent(); info f.getFileSize();`, "application/json|{\"a\":1}|7"},
		{`f = {1, 2}.toFile("a"); info f.getFileType(); info f.getFileContent();`, "application/octet-stream|[1,2]"},
		{`f = "x".toFile("a.TXT"); g = f.toFile("b.pdf"); info f; info g; info g.getFileType(); info g.getFileContent();`, "a.TXT|b.pdf|application/pdf|x"},
		{`f = zoho.encryption.base64DecodeToFile("+/8=", "a.bin"); info f.getFileSize(); f.setCharset("ISO-8859-1"); info f.getFileContent();`, "2|ûÿ"},
		{`f = zoho.encryption.base64DecodeToFile("-_8", "a.bin"); info f.getFileContent();`, "\ufffd"},
		{`f = "x".toFile("a"); g = f; g.setFileName("b"); info f;`, "b"},
		{`info "x".isFile(); info null.isFile();`, "false|false"},
		{`c = {"x".toFile("a.txt"), "y".toFile("b.txt")}.compress("both").extract(); info c.keys(); info c.get("b.txt").getFileContent(); info c.get("b.txt").getFileType();`, "a.txt,b.txt|y|text/plain"},
		{`info Collection("x".toFile("a.txt")).compress().getFileType();`, "application/zip"},
		{`info {"x".toFile("a.txt")}.compress();`, "a.txt.zip"},
	} {
		if got, err := ran(t, c.source, Limits{}); err != nil || strings.ReplaceAll(got, "\n", "|") != c.want {
			t.Errorf("%s: printed %q, %v, want %q", c.source, got, err, c.want)
		}
	}
}

// What a file is called, and what it is said to be, goes into headers and archives: neither can break out of them.
func TestFileNamesThatAreNone(t *testing.T) {
	for _, source := range []string{
		`x = "a".toFile("../a");`, `x = "a".toFile("a/b");`, `x = "a".toFile("a\\b");`, `x = "a".toFile("..");`, `x = "a".toFile("");`, `x = "a".toFile("a\r\nb");`, `x = "a".toFile("a".repeat(300));`,
		`f = "a".toFile("a"); f.setFileName("/etc/passwd");`, `f = "a".toFile("a"); f.setFileType("text/html\r\nX: y");`, `f = "a".toFile("a"); f.setParamName("a\nb");`, `f = "a".toFile("a"); f.setCharset("none such");`,
		`x = zoho.encryption.base64DecodeToFile("aGk=", "../a");`, `x = "a".toFile("a").compress("../b");`, `x = null.toFile("a");`,
		`x = {"a".toFile("a"), "b".toFile("a")}.compress();`, `x = {}.compress();`, `x = {"a"}.compress();`, `x = "a".toFile("a.zip").extract();`,
	} {
		if got, err := ran(t, source, Limits{}); err == nil {
			t.Errorf("%s: printed %q", source, got)
		}
	}
}

// archived is a ZIP archive of files by their names.
func archived(t *testing.T, files ...[2]string) *File {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, f := range files {
		e, err := w.Create(f[0])
		if err == nil {
			_, err = e.Write([]byte(f[1]))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return &File{Name: "a.zip", Content: b.Bytes()}
}

// repeatedly is an archive with the one file of another so many times, each by a name of its own.
func repeatedly(t *testing.T, f *File, n int) *File {
	t.Helper()
	in, err := zip.NewReader(bytes.NewReader(f.Content), int64(len(f.Content)))
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for i := range n {
		header := in.File[0].FileHeader
		header.Name = fmt.Sprint(i)
		content, err := in.File[0].OpenRaw()
		if err != nil {
			t.Fatal(err)
		}
		e, err := w.CreateRaw(&header)
		if err == nil {
			_, err = io.Copy(e, content)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return &File{Name: "a.zip", Content: b.Bytes()}
}

func TestExtract(t *testing.T) {
	zeros := strings.Repeat("\x00", 3<<20)
	bomb := repeatedly(t, archived(t, [2]string{"a", zeros}), 8)
	var many [][2]string
	for i := range maxInArchive + 1 {
		many = append(many, [2]string{fmt.Sprint(i), "x"})
	}
	broken := archived(t, [2]string{"a", "some text that is stored"})
	broken.Content[40] ^= 1
	for _, c := range []struct {
		name   string
		file   *File
		limits Limits
		want   string
	}{
		{"files in folders", archived(t, [2]string{"d/", ""}, [2]string{"d/a.txt", "x"}), Limits{}, "d/a.txt"},
		{"nothing", archived(t), Limits{}, ""},
		{"more than 3 MB", &File{Content: make([]byte, maxToExtract+1)}, Limits{}, "at most 3 MB"},
		{"a bomb", bomb, Limits{}, "at most 20 MB"},
		{"a bomb for the memory of the run", bomb, Limits{Memory: 4 << 20}, "its values take more than 4 MiB"},
		{"thousands of files", archived(t, many...), Limits{}, "at most 1000 files"},
		{"a name that climbs", archived(t, [2]string{"../a", "x"}), Limits{}, "leads out of it"},
		{"a name that climbs inside", archived(t, [2]string{"a/../../b", "x"}), Limits{}, "leads out of it"},
		{"a name from the root", archived(t, [2]string{"/a", "x"}), Limits{}, "leads out of it"},
		{"a name of another system", archived(t, [2]string{`..\a`, "x"}), Limits{}, "leads out of it"},
		{"a name with a line", archived(t, [2]string{"a\nb", "x"}), Limits{}, "leads out of it"},
		{"a name twice", archived(t, [2]string{"a", "x"}, [2]string{"a", "y"}), Limits{}, "two files called a"},
		{"content that was changed", broken, Limits{}, "cannot be read"},
		{"half of it", &File{Content: broken.Content[:len(broken.Content)/2]}, Limits{}, "cannot be read"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := ranWith(t, `info s.extract().keys();`, c.limits, NewFile(c.file))
			if err != nil && !strings.Contains(err.Error(), c.want) || err == nil && got != c.want {
				t.Errorf("printed %q, %v, want %q", got, err, c.want)
			}
		})
	}
}

func TestCompressIsBounded(t *testing.T) {
	noise := make([]byte, maxCompressed)
	r := rand.NewChaCha8([32]byte{})
	_, _ = r.Read(noise)
	for _, c := range []struct {
		name string
		file *File
		want string
	}{
		{"an archive above 2 MB", &File{Name: "a", Content: noise}, "The archive has more than 2 MB"},
		{"files above 20 MB", &File{Name: "a", Content: make([]byte, maxToCompress+1)}, "At most 20 MB are compressed"},
		{"files that become small", &File{Name: "a", Content: make([]byte, 2*maxCompressed)}, ""},
	} {
		if _, err := ranWith(t, `x = s.compress();`, Limits{}, NewFile(c.file)); (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// Whatever the archive is, extracting it ends within the limits of the run.
func FuzzExtract(f *testing.F) {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	e, _ := w.Create("a.txt")
	_, _ = e.Write([]byte("text"))
	_ = w.Close()
	f.Add(b.Bytes())
	s, err := Parse(`void f(file x) { for each g in x.extract() { info g.getFileContent(); } }`)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		began := time.Now()
		_, _ = s.Run(t.Context(), Settings{Limits: Limits{Memory: 4 << 20, Time: time.Second}}, NewFile(&File{Name: "a.zip", Content: content}))
		if took := time.Since(began); took > 3*time.Second {
			t.Errorf("it took %s", took)
		}
	})
}
