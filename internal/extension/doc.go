// Package extension is packages of services, connections and scripts: read from a folder or from one packed file, published
// by one organization, reviewed, installed, updated and uninstalled by others. What is installed is a copy: it changes
// only when somebody who may has read the difference and accepted exactly that package.
//
//	manifest.go   extension.yaml
//	package.go    a package: packed, opened; read.go  its files: read, checked
//	review.go     what a package brings; compare.go  how it differs from another
//	publish.go    offered to others
//	install.go    installed, updated, uninstalled
package extension
