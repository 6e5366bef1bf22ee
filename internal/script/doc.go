// Package script is the language that scripts are written in: it parses a script, says everything that is wrong with it
// at once, and runs it within limits. It reaches nothing of the world but what its [Host] offers.
//
//	lex.go      a text as tokens, each with its place
//	ast.go      a script as a tree
//	parse.go    tokens as a tree, recovering after each error; parse_expression.go  what has a value
//	value.go    what variables hold; print.go  how it reads as text
//	run.go      one run: its limits, its output, its frames
//	eval.go     statements and expressions
//	builtin.go  how functions are found; text.go, number.go, date.go, …  the functions themselves
//	json.go, xml.go, file.go  what scripts read and write of the world; view.go  what a host sees of values
//
// Start at [Parse], then [Script.Run].
package script
