// Package script is the language that scripts are written in: it parses a script, says everything that is wrong with it
// at once, and runs it within limits. It reaches nothing of the world but what its [Host] offers.
//
//	lex.go       a text as tokens, each with its place
//	ast.go       a script as a tree, and what it uses
//	parse.go     tokens as a tree, recovering after each error; parse_expression.go  what has a value; parse_block.go  invokeurl [ … ]
//	value.go     what variables hold; print.go  how it reads as text; view.go  how a host sees it
//	run.go       one run: its limits, its output, its frames
//	eval.go      statements and expressions; arithmetic.go, elements.go  operators, and what a loop goes through
//	call.go      functions of the language, saved ones, and the world outside
//	builtin.go   how functions are written and found; text.go, number.go, date.go, …  the functions themselves
//	json.go, xml.go, file.go  what scripts read and write of the world
//	describe.go  the language for editors and documentation
//
// Start at [Parse], then [Script.Run].
package script
