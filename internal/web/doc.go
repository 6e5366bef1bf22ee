// Package web is the pages of Lanyard: the door for people with a browser. It decodes a request, calls one method of a
// workroom, and writes HTML; what may be done, and by whom, is decided there and not here. It holds no state.
//
// Start at routes.go, which lists every address. A page is three things: a file of this package with its handlers and
// its data struct, a template of the same name in templates/pages, and its states in states.go, with invented data,
// which are the golden tests and what [Pages] writes.
//
// What keeps a page safe is written once, in [New]: the headers of every answer, the protection from requests that
// another site makes, and the wrappers that say who is there and answer any error. No page holds a secret, and what a
// provider says is text, never HTML.
//
// The style sheet, font and icons that are not ours are in assets/vendored, with where they come from in
// assets/vendor.json.
package web

//go:generate go run ./fetch
