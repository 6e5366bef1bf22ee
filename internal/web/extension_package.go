package web

import (
	"encoding/base64"
	"errors"
	"io"
	"net/http"

	"lanyard"
)

// A packed extension is uploaded once, to be reviewed. The answer is the review, whose form carries the package along, so
// that what is installed is what was read and nothing has to be kept in between.

const (
	maxPackage = 4 << 20
	// maxPackageForm is how many bytes a form with a package may have: in base64 it is a third larger.
	maxPackageForm = maxPackage/3*4 + maxForm
)

// packageForms are the routes whose forms hold a package.
var packageForms = []string{"POST /extension-offers", "POST /extensions", "POST /extensions/{extension}/update", "POST /publications"}

// uploadPart is a form for a packed file.
type uploadPart struct {
	form
	File field
}

func packageField() field {
	return field{ID: "package", Name: "package", Label: "Packed file", Type: "file", Help: "A file that ends in .lanyard, at most 4 MiB, as lanyard extension pack makes it."}
}

// uploaded reads the package of a form: a file that was chosen, or the text that a review carries along. A form without
// one gives nil.
func uploaded(r *http.Request) ([]byte, error) {
	if text := r.PostForm.Get("package"); text != "" {
		packed, err := base64.RawURLEncoding.DecodeString(text)
		if err != nil {
			return nil, packageError("the package that the page carried along cannot be read: choose the file again")
		}
		return packed, nil
	}
	if r.MultipartForm == nil {
		return nil, nil
	}
	file, header, err := r.FormFile("package")
	if errors.Is(err, http.ErrMissingFile) {
		return nil, nil
	} else if err != nil {
		return nil, packageError("the file cannot be read: choose it again")
	}
	defer func() { _ = file.Close() }() // it is in memory
	if header.Size > maxPackage {
		return nil, packageError("the file has more than 4 MiB, which a package cannot have")
	}
	packed, err := io.ReadAll(file)
	if err != nil {
		return nil, packageError("the file cannot be read: choose it again")
	}
	return packed, nil
}

func packageError(detail string) error {
	var f lanyard.FieldErrors
	f.Add("/package", "%s", detail)
	return f.Err()
}

// carried is a package as a page carries it along.
func carried(packed []byte) string { return base64.RawURLEncoding.EncodeToString(packed) }
