module libgpt

go 1.19
