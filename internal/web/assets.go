package web

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
)

//go:embed assets/*.css assets/*.js assets/icon.svg assets/vendored
var assetFiles embed.FS

// asset is a file that pages load. Its address carries its hash, so that a browser may keep it for ever.
type asset struct {
	path    string // below /assets/, with the hash
	media   string
	content []byte
	gzipped []byte // nil where it would not help
}

// assets are by the names that templates use ("app.css") and by path.
type assets struct {
	byName map[string]*asset
	byPath map[string]*asset
}

// loadAssets reads the embedded files. They come with the program, so a fault in them is a bug.
func loadAssets() *assets {
	a := &assets{byName: map[string]*asset{}, byPath: map[string]*asset{}}
	// The font comes first, because the style sheet names it.
	for _, file := range append([]string{"vendored/inter.woff2", "vendored/basecoat-nova.css", "vendored/htmx.js", "vendored/uplot.js", "icon.svg"}, scripts()...) {
		a.add(path.Base(file), read(file))
	}
	css := append(read("app.css"), styles()...)
	// Into a layer, so that what is ours wins.
	css = append(append(append(css, "\n@layer components {\n"...), read("vendored/uplot.css")...), "}\n"...)
	a.add("app.css", bytes.ReplaceAll(css, []byte("url(inter.woff2)"), []byte("url("+a.url("inter.woff2")+")")))
	a.add("licences.txt", licences())
	return a
}

// read gives an embedded file, which is there.
func read(file string) []byte {
	content, err := fs.ReadFile(assetFiles, "assets/"+file)
	if err != nil {
		panic(fmt.Sprintf("read the asset %s: %v", file, err))
	}
	return slices.Clip(content)
}

// scripts are app.js, which every page loads, and those that single pages name in their frame.
func scripts() []string {
	files, err := fs.Glob(assetFiles, "assets/*.js")
	if err != nil {
		panic(err) // the pattern is a constant
	}
	for i := range files {
		files[i] = path.Base(files[i])
	}
	return files
}

// styles are the style sheets of single pages, which go to the browser in one file with app.css: the whole is small.
func styles() []byte {
	files, err := fs.Glob(assetFiles, "assets/*.css")
	if err != nil {
		panic(err) // the pattern is a constant
	}
	var b bytes.Buffer
	for _, file := range files {
		if name := path.Base(file); name != "app.css" {
			b.WriteByte('\n')
			b.Write(read(name))
		}
	}
	return b.Bytes()
}

func (a *assets) add(name string, content []byte) {
	sum := sha256.Sum256(content)
	ext := path.Ext(name)
	f := &asset{path: strings.TrimSuffix(name, ext) + "." + hex.EncodeToString(sum[:6]) + ext, media: mediaType(ext), content: content}
	if ext != ".woff2" {
		f.gzipped = gzipped(content)
	}
	a.byName[name], a.byPath[f.path] = f, f
}

// mediaType does not ask the operating system, whose tables differ.
func mediaType(ext string) string {
	switch ext {
	case ".css":
		return "text/css; charset=utf-8"
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".txt":
		return "text/plain; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	case ".woff2":
		return "font/woff2"
	}
	panic("an asset of an unknown type: " + ext)
}

func gzipped(content []byte) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	// Writing to memory does not fail.
	_, _ = w.Write(content)
	_ = w.Close()
	return b.Bytes()
}

// licences is the notices of everything in assets/vendored, in one text, since they have to go where the files go.
func licences() []byte {
	var b bytes.Buffer
	files, err := fs.Glob(assetFiles, "assets/vendored/*.LICENSE.txt")
	if err != nil {
		panic(err) // the pattern is a constant
	}
	for _, file := range files {
		content, err := fs.ReadFile(assetFiles, file)
		if err != nil {
			panic(fmt.Sprintf("read the asset %s: %v", file, err))
		}
		fmt.Fprintf(&b, "%s\n\n%s\n\n", strings.TrimSuffix(path.Base(file), ".LICENSE.txt"), bytes.TrimSpace(content))
	}
	return b.Bytes()
}

// url is the address of an asset. A name that there is not is a bug in a template.
func (a *assets) url(name string) string {
	if rest, ok := strings.CutPrefix(name, "logos/"); ok {
		return "/assets/logos/" + logoVersion() + "/" + rest
	}
	f := a.byName[name]
	if f == nil {
		panic("there is no asset " + name)
	}
	return "/assets/" + f.path
}

// ServeHTTP serves one asset by its hashed path.
func (a *assets) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := strings.TrimPrefix(r.URL.Path, "/assets/")
	f := a.byPath[path]
	if mark := logoFile(path); mark != nil {
		f = &asset{media: mediaType(".svg"), content: mark}
	}
	if f == nil {
		http.Error(w, "There is no such file; reload the page.", http.StatusNotFound)
		return
	}
	h := w.Header()
	h.Set("Content-Type", f.media)
	h.Set("Cache-Control", "public, max-age=31536000, immutable") // another content has another address
	content := f.content
	if f.gzipped != nil {
		h.Set("Vary", "Accept-Encoding")
		if acceptsGzip(r) {
			h.Set("Content-Encoding", "gzip")
			content = f.gzipped
		}
	}
	h.Set("Content-Length", strconv.Itoa(len(content)))
	if r.Method != http.MethodHead {
		_, _ = w.Write(content) // a browser that has gone away needs no file
	}
}

// acceptsGzip reads Accept-Encoding well enough for what browsers send (RFC 9110 §12.5.3).
func acceptsGzip(r *http.Request) bool {
	for _, part := range strings.Split(r.Header.Get("Accept-Encoding"), ",") {
		if coding, params, err := mime.ParseMediaType(part); err == nil && coding == "gzip" && params["q"] != "0" {
			return true
		}
	}
	return false
}
