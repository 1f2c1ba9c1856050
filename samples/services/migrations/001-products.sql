create table product (
	id    serial primary key,
	name  text not null unique,
	price integer not null
);
