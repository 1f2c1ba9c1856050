module gitlab.example.com/group/project

go 1.18
