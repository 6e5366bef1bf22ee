package web

import (
	"fmt"
	"html/template"
	"io/fs"
	"path"
	"strconv"
	"strings"
	"sync"

	"lanyard"
	"lanyard/internal/catalog"
)

// Brand marks come from simple-icons and are their owners' trademarks: they are drawn to name a service, as they are, in
// one colour. A brand that is not among them, or asks not to be, gets its letter.

// marks are the paths of the brand marks in assets/vendored/logos, by their names in simple-icons; 24 units square.
var marks = sync.OnceValue(func() map[string]string {
	files, err := fs.Glob(assetFiles, "assets/vendored/logos/*.svg")
	if err != nil {
		panic(err) // the pattern is a constant
	}
	all := map[string]string{}
	for _, file := range files {
		svg, err := fs.ReadFile(assetFiles, file)
		if err != nil {
			panic(fmt.Sprintf("read the asset %s: %v", file, err))
		}
		_, d, _ := strings.Cut(string(svg), `<path d="`)
		if d, _, ok := strings.Cut(d, `"/></svg>`); ok {
			all[strings.TrimSuffix(path.Base(file), ".svg")] = d
		}
	}
	return all
})

// logo is the tile of a service: the mark or the letter of a default one in its brand's colour, and for a custom one its
// letter in a colour that follows from the link name. It says nothing that does not stand beside it in words.
func logo(linkName lanyard.LinkName, name string) template.HTML {
	letter := template.HTMLEscapeString(initial(name))
	entry, _ := catalog.Default().Find(linkName)
	if entry == nil || entry.Color == "" {
		//nolint:gosec // the letter is escaped, the number ours
		return template.HTML(fmt.Sprintf(`<span class="tile" data-hue="%d" aria-hidden="true">%s</span>`, hue(linkName), letter))
	}
	ink := inkOn(entry.Color)
	drawn := fmt.Sprintf(`<text x="20" y="26.5" text-anchor="middle" font-size="18" font-weight="600" fill="%s">%s</text>`, ink, letter)
	if d := marks()[entry.Logo]; d != "" {
		drawn = fmt.Sprintf(`<path transform="translate(9.5 9.5) scale(.875)" fill="%s" d="%s"/>`, ink, d)
	}
	//nolint:gosec // colours and paths come with the program, the letter is escaped
	return template.HTML(fmt.Sprintf(`<span class="tile" data-brand aria-hidden="true"><svg viewBox="0 0 40 40"><rect width="40" height="40" fill="%s"/>%s</svg></span>`, entry.Color, drawn))
}

const hues = 8 // as many as services.css has colours for tiles

func hue(linkName lanyard.LinkName) int {
	sum := 0
	for _, c := range []byte(linkName) {
		sum = sum*31 + int(c)
	}
	return sum & 0xffff % hues
}

// inkOn is white or nearly black, whichever reads better on a colour (WCAG 2.2, relative luminance). White is given the
// advantage: marks are large, and most brands show theirs in white.
func inkOn(color string) string {
	rgb, err := strconv.ParseUint(strings.TrimPrefix(color, "#"), 16, 32)
	if err != nil {
		return "#fff"
	}
	channel := func(shift uint) float64 {
		v := float64(rgb>>shift&0xff) / 255
		return v * v // close enough to the sRGB curve to choose between two
	}
	if 0.2126*channel(16)+0.7152*channel(8)+0.0722*channel(0) > 0.45 {
		return "#18181b"
	}
	return "#fff"
}
