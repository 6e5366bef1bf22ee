package web

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"html/template"
	"regexp"
	"strconv"
	"strings"
	"sync"

	"lanyard"
	"lanyard/internal/catalog"
)

// Brand marks come from simple-icons and are their owners' trademarks: they are drawn to name a service, as they are, in
// one colour. A brand that is not among them, or asks not to be, gets its letter.
//
// A mark is a file of its own, which a browser keeps for ever: a page of sixty cards is a third of the size that it has
// with the marks inside, and few of them are new to whoever looks.

// markFile has the marks, each with its name in simple-icons; 24 units square.
var markFile = sync.OnceValue(func() []byte { return read("vendored/logos.txt") })

// marks are their paths by their names. One that may not be here has none.
var marks = sync.OnceValue(func() map[string]string {
	all := map[string]string{}
	for line := range bytes.Lines(markFile()) {
		name, d, _ := strings.Cut(strings.TrimSpace(string(line)), " ")
		all[name] = d
	}
	return all
})

// logoTile is a mark on a brand's colour.
const logoTile = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 40"><rect width="40" height="40" fill="#%s"/><path transform="translate(9.5 9.5) scale(.875)" fill="%s" d="%s"/></svg>`

// logoVersion changes with what the files of the marks hold.
var logoVersion = sync.OnceValue(func() string {
	sum := sha256.Sum256(append([]byte(logoTile), markFile()...))
	return hex.EncodeToString(sum[:6])
})

// logoAsset is the name of a mark as an asset.
func logoAsset(mark, color string) string {
	return "logos/" + mark + "-" + strings.TrimPrefix(color, "#") + ".svg"
}

var logoPath = regexp.MustCompile(`^logos/([0-9a-f]{12})/([a-z0-9]+)-([0-9a-f]{6})\.svg$`)

// logoFile draws a mark by the path of its asset; nil where there is none.
func logoFile(path string) []byte {
	of := logoPath.FindStringSubmatch(path)
	if of == nil || of[1] != logoVersion() || marks()[of[2]] == "" {
		return nil
	}
	return fmt.Appendf(nil, logoTile, of[3], inkOn("#"+of[3]), marks()[of[2]])
}

// logo is the tile of a service: the mark or the letter of a default one in its brand's colour, and otherwise its letter
// in a colour that follows from the link name. The entry is nil for a custom service. It says nothing that does not stand beside it in words.
func logo(assetURL func(string) string, entry *catalog.Entry, linkName lanyard.LinkName, name string) template.HTML {
	letter := template.HTMLEscapeString(initial(name))
	if entry == nil || entry.Color == "" {
		//nolint:gosec // the letter is escaped, the number ours
		return template.HTML(fmt.Sprintf(`<span class="tile" data-hue="%d" aria-hidden="true">%s</span>`, hue(linkName), letter))
	}
	drawn := fmt.Sprintf(`<svg viewBox="0 0 40 40"><rect width="40" height="40" fill="%s"/><text x="20" y="26.5" text-anchor="middle" font-size="18" font-weight="600" fill="%s">%s</text></svg>`,
		entry.Color, inkOn(entry.Color), letter)
	if marks()[entry.Logo] != "" {
		drawn = fmt.Sprintf(`<img src="%s" alt="" width="40" height="40" loading="lazy">`, assetURL(logoAsset(entry.Logo, entry.Color)))
	}
	//nolint:gosec // colours and names of marks were judged with the catalogue, the letter is escaped
	return template.HTML(`<span class="tile" data-brand aria-hidden="true">` + drawn + `</span>`)
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
