alter table product add check (price > 0);
insert into product (name, price) values ('tea', 3), ('coffee', 4);
