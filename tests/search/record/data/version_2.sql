PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE studies (
	study_id INTEGER NOT NULL, 
	study_name VARCHAR(512) NOT NULL, 
	PRIMARY KEY (study_id)
);
INSERT INTO studies VALUES(1,'small');
INSERT INTO studies VALUES(2,'own');
CREATE TABLE version_info (
	version_info_id INTEGER NOT NULL, 
	schema_version INTEGER, 
	library_version VARCHAR(256), 
	PRIMARY KEY (version_info_id), 
	CHECK (version_info_id=1)
);
INSERT INTO version_info VALUES(1,12,'5.0.0');
CREATE TABLE study_directions (
	study_direction_id INTEGER NOT NULL, 
	direction VARCHAR(8) NOT NULL, 
	study_id INTEGER NOT NULL, 
	objective INTEGER NOT NULL, 
	PRIMARY KEY (study_direction_id), 
	UNIQUE (study_id, objective), 
	FOREIGN KEY(study_id) REFERENCES studies (study_id)
);
INSERT INTO study_directions VALUES(1,'MAXIMIZE',1,0);
INSERT INTO study_directions VALUES(2,'MAXIMIZE',2,0);
CREATE TABLE study_user_attributes (
	study_user_attribute_id INTEGER NOT NULL, 
	study_id INTEGER, 
	"key" VARCHAR(512), 
	value_json TEXT, 
	PRIMARY KEY (study_user_attribute_id), 
	UNIQUE (study_id, "key"), 
	FOREIGN KEY(study_id) REFERENCES studies (study_id)
);
INSERT INTO study_user_attributes VALUES(1,1,'studyhall','1');
INSERT INTO study_user_attributes VALUES(2,2,'studyhall','2');
CREATE TABLE study_system_attributes (
	study_system_attribute_id INTEGER NOT NULL, 
	study_id INTEGER, 
	"key" VARCHAR(512), 
	value_json TEXT, 
	PRIMARY KEY (study_system_attribute_id), 
	UNIQUE (study_id, "key"), 
	FOREIGN KEY(study_id) REFERENCES studies (study_id)
);
INSERT INTO study_system_attributes VALUES(1,1,'study:metric_names','["validation accuracy"]');
INSERT INTO study_system_attributes VALUES(2,1,'dashboard:1:note_ver','1');
INSERT INTO study_system_attributes VALUES(3,1,'dashboard:1:note_str:0','"**Finalist, rank 1 of 1.** Test accuracy 0.5669, 95% interval 0.0000 to 1.0000, test loss 1.2540, validation accuracy 0.7833; means over 2 seeds.\n"');
INSERT INTO study_system_attributes VALUES(4,1,'dashboard:note_ver','1');
INSERT INTO study_system_attributes VALUES(5,1,'dashboard:note_str:0','"**Trial 0, the baseline \u201cknown\u201d, wins: test accuracy 0.5669 (95% interval 0.0000 to 1.0000).**\n\nNo trial of the search did better than what its author already knew.\n\nIt is the only finalist.\n\nThe search&#39;s best validation score, 0.8583 (trial 0), was optimistic by 0.0750: trained again on the same images under 2 new seeds, that configuration comes to 0.7833.\n\n| | | |\n|---|---|---|\n| test accuracy | 0.5669 | 0.0000 to 1.0000; 2 seeds \u00d7 359 images |\n| optimism of the search | +0.0750 | best score 0.8583, again 0.7833 |\n\n[The whole report](/reports/small)\n"');
INSERT INTO study_system_attributes VALUES(6,1,'artifacts:0c9ea173-7d7c-598b-86bb-05066e57f28f','"{\"artifact_id\": \"0c9ea173-7d7c-598b-86bb-05066e57f28f\", \"filename\": \"report.html\", \"encoding\": null, \"mimetype\": \"text/html\"}"');
INSERT INTO study_system_attributes VALUES(7,1,'dashboard:artifacts:1:c5cfcc53-fa88-5aa1-bece-29887d15b3ca','"{\"artifact_id\": \"c5cfcc53-fa88-5aa1-bece-29887d15b3ca\", \"filename\": \"trial-0-epochs.png\", \"encoding\": null, \"mimetype\": \"image/png\"}"');
INSERT INTO study_system_attributes VALUES(8,1,'dashboard:artifacts:1:2371cbd6-6248-5ee8-99d8-04ca5d08f8a0','"{\"artifact_id\": \"2371cbd6-6248-5ee8-99d8-04ca5d08f8a0\", \"filename\": \"trial-0-confusion.png\", \"encoding\": null, \"mimetype\": \"image/png\"}"');
INSERT INTO study_system_attributes VALUES(9,1,'dashboard:artifacts:1:5adca502-10be-58c7-8151-e40accdc2aee','"{\"artifact_id\": \"5adca502-10be-58c7-8151-e40accdc2aee\", \"filename\": \"trial-0-seed-0.safetensors\", \"encoding\": null, \"mimetype\": \"application/octet-stream\"}"');
INSERT INTO study_system_attributes VALUES(10,1,'studyhall:shelf','["artifacts:0c9ea173-7d7c-598b-86bb-05066e57f28f", "dashboard:artifacts:1:2371cbd6-6248-5ee8-99d8-04ca5d08f8a0", "dashboard:artifacts:1:5adca502-10be-58c7-8151-e40accdc2aee", "dashboard:artifacts:1:c5cfcc53-fa88-5aa1-bece-29887d15b3ca"]');
INSERT INTO study_system_attributes VALUES(11,2,'study:metric_names','["validation accuracy"]');
CREATE TABLE trials (
	trial_id INTEGER NOT NULL, 
	number INTEGER, 
	study_id INTEGER, 
	state VARCHAR(8) NOT NULL, 
	datetime_start DATETIME, 
	datetime_complete DATETIME, 
	PRIMARY KEY (trial_id), 
	FOREIGN KEY(study_id) REFERENCES studies (study_id)
);
INSERT INTO trials VALUES(1,0,1,'COMPLETE','2026-11-25 14:21:33.947495','2026-11-25 14:21:33.991239');
INSERT INTO trials VALUES(2,1,1,'PRUNED','2026-11-25 14:21:33.947495','2026-11-25 14:21:33.970719');
INSERT INTO trials VALUES(3,2,1,'COMPLETE','2026-11-25 14:21:33.947495','2026-11-25 14:21:33.991239');
INSERT INTO trials VALUES(4,3,1,'PRUNED','2026-11-25 14:21:33.972721','2026-11-25 14:21:33.981560');
INSERT INTO trials VALUES(5,4,1,'PRUNED','2026-11-25 14:21:33.982733','2026-11-25 14:21:34.003936');
INSERT INTO trials VALUES(6,5,1,'COMPLETE','2026-11-25 14:21:33.993103','2026-11-25 14:21:34.034764');
INSERT INTO trials VALUES(7,6,1,'PRUNED','2026-11-25 14:21:33.993103','2026-11-25 14:21:34.013782');
INSERT INTO trials VALUES(8,7,1,'PRUNED','2026-11-25 14:21:34.005113','2026-11-25 14:21:34.025673');
INSERT INTO trials VALUES(9,8,1,'PRUNED','2026-11-25 14:21:34.014885','2026-11-25 14:21:34.025673');
INSERT INTO trials VALUES(10,0,2,'COMPLETE','2026-11-25 14:21:43.710930','2026-11-25 14:21:43.767496');
INSERT INTO trials VALUES(11,1,2,'PRUNED','2026-11-25 14:21:43.710930','2026-11-25 14:21:43.744813');
INSERT INTO trials VALUES(12,2,2,'COMPLETE','2026-11-25 14:21:43.710930','2026-11-25 14:21:43.767496');
INSERT INTO trials VALUES(13,3,2,'PRUNED','2026-11-25 14:21:43.710930','2026-11-25 14:21:43.744813');
CREATE TABLE trial_user_attributes (
	trial_user_attribute_id INTEGER NOT NULL, 
	trial_id INTEGER, 
	"key" VARCHAR(512), 
	value_json TEXT, 
	PRIMARY KEY (trial_user_attribute_id), 
	UNIQUE (trial_id, "key"), 
	FOREIGN KEY(trial_id) REFERENCES trials (trial_id)
);
INSERT INTO trial_user_attributes VALUES(1,1,'joined','1');
INSERT INTO trial_user_attributes VALUES(2,1,'baseline','"known"');
INSERT INTO trial_user_attributes VALUES(3,2,'joined','1');
INSERT INTO trial_user_attributes VALUES(4,3,'joined','1');
INSERT INTO trial_user_attributes VALUES(5,4,'joined','3');
INSERT INTO trial_user_attributes VALUES(6,4,'diverged_at','1');
INSERT INTO trial_user_attributes VALUES(7,5,'joined','4');
INSERT INTO trial_user_attributes VALUES(8,6,'joined','5');
INSERT INTO trial_user_attributes VALUES(9,7,'joined','5');
INSERT INTO trial_user_attributes VALUES(10,8,'joined','6');
INSERT INTO trial_user_attributes VALUES(11,9,'joined','7');
INSERT INTO trial_user_attributes VALUES(12,9,'diverged_at','1');
INSERT INTO trial_user_attributes VALUES(13,10,'joined','1');
INSERT INTO trial_user_attributes VALUES(14,11,'joined','1');
INSERT INTO trial_user_attributes VALUES(15,12,'joined','1');
INSERT INTO trial_user_attributes VALUES(16,13,'joined','1');
CREATE TABLE trial_system_attributes (
	trial_system_attribute_id INTEGER NOT NULL, 
	trial_id INTEGER, 
	"key" VARCHAR(512), 
	value_json TEXT, 
	PRIMARY KEY (trial_system_attribute_id), 
	UNIQUE (trial_id, "key"), 
	FOREIGN KEY(trial_id) REFERENCES trials (trial_id)
);
CREATE TABLE trial_params (
	param_id INTEGER NOT NULL, 
	trial_id INTEGER, 
	param_name VARCHAR(512), 
	param_value FLOAT, 
	distribution_json TEXT, 
	PRIMARY KEY (param_id), 
	UNIQUE (trial_id, param_name), 
	FOREIGN KEY(trial_id) REFERENCES trials (trial_id)
);
INSERT INTO trial_params VALUES(1,1,'learning_rate',0.10000000000000000555,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.001, "high": 1000000000.0, "log": true}}');
INSERT INTO trial_params VALUES(2,1,'hidden',8.0,'{"name": "IntDistribution", "attributes": {"log": false, "step": 1, "low": 4, "high": 8}}');
INSERT INTO trial_params VALUES(3,1,'weight_decay',9.9999999999999995472e-08,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 1e-07, "high": 0.01, "log": true}}');
INSERT INTO trial_params VALUES(4,2,'hidden',5.0,'{"name": "IntDistribution", "attributes": {"log": false, "step": 1, "low": 4, "high": 8}}');
INSERT INTO trial_params VALUES(5,2,'learning_rate',75387.486228576570282,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.001, "high": 1000000000.0, "log": true}}');
INSERT INTO trial_params VALUES(6,2,'weight_decay',1.1286265107148227588e-07,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 1e-07, "high": 0.01, "log": true}}');
INSERT INTO trial_params VALUES(7,3,'hidden',6.0,'{"name": "IntDistribution", "attributes": {"log": false, "step": 1, "low": 4, "high": 8}}');
INSERT INTO trial_params VALUES(8,3,'learning_rate',351.18460070571796904,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.001, "high": 1000000000.0, "log": true}}');
INSERT INTO trial_params VALUES(9,3,'weight_decay',2.7492892559142251165e-05,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 1e-07, "high": 0.01, "log": true}}');
INSERT INTO trial_params VALUES(10,4,'hidden',5.0,'{"name": "IntDistribution", "attributes": {"log": false, "step": 1, "low": 4, "high": 8}}');
INSERT INTO trial_params VALUES(11,4,'learning_rate',18615883.458933286369,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.001, "high": 1000000000.0, "log": true}}');
INSERT INTO trial_params VALUES(12,4,'weight_decay',0.00068590789804017448204,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 1e-07, "high": 0.01, "log": true}}');
INSERT INTO trial_params VALUES(13,5,'hidden',6.0,'{"name": "IntDistribution", "attributes": {"log": false, "step": 1, "low": 4, "high": 8}}');
INSERT INTO trial_params VALUES(14,5,'learning_rate',0.68893097188339991188,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.001, "high": 1000000000.0, "log": true}}');
INSERT INTO trial_params VALUES(15,5,'weight_decay',0.00092726920122253525882,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 1e-07, "high": 0.01, "log": true}}');
INSERT INTO trial_params VALUES(16,6,'hidden',4.0,'{"name": "IntDistribution", "attributes": {"log": false, "step": 1, "low": 4, "high": 8}}');
INSERT INTO trial_params VALUES(17,6,'learning_rate',0.57120870029513592935,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.001, "high": 1000000000.0, "log": true}}');
INSERT INTO trial_params VALUES(18,6,'weight_decay',2.5623093904135405267e-06,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 1e-07, "high": 0.01, "log": true}}');
INSERT INTO trial_params VALUES(19,7,'hidden',4.0,'{"name": "IntDistribution", "attributes": {"log": false, "step": 1, "low": 4, "high": 8}}');
INSERT INTO trial_params VALUES(20,7,'learning_rate',661.18691466441066495,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.001, "high": 1000000000.0, "log": true}}');
INSERT INTO trial_params VALUES(21,7,'weight_decay',0.00084187327126864224154,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 1e-07, "high": 0.01, "log": true}}');
INSERT INTO trial_params VALUES(22,8,'hidden',7.0,'{"name": "IntDistribution", "attributes": {"log": false, "step": 1, "low": 4, "high": 8}}');
INSERT INTO trial_params VALUES(23,8,'learning_rate',180.29045736447270087,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.001, "high": 1000000000.0, "log": true}}');
INSERT INTO trial_params VALUES(24,8,'weight_decay',0.00010713151405036588762,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 1e-07, "high": 0.01, "log": true}}');
INSERT INTO trial_params VALUES(25,9,'hidden',8.0,'{"name": "IntDistribution", "attributes": {"log": false, "step": 1, "low": 4, "high": 8}}');
INSERT INTO trial_params VALUES(26,9,'learning_rate',1475675.2499696556478,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.001, "high": 1000000000.0, "log": true}}');
INSERT INTO trial_params VALUES(27,9,'weight_decay',5.1805220276338577937e-06,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 1e-07, "high": 0.01, "log": true}}');
INSERT INTO trial_params VALUES(28,10,'hidden',19.0,'{"name": "IntDistribution", "attributes": {"log": false, "step": 1, "low": 4, "high": 24}}');
INSERT INTO trial_params VALUES(29,10,'learning_rate',0.097780188063822270905,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.05, "high": 0.5, "log": true}}');
INSERT INTO trial_params VALUES(30,10,'weight_decay',0.085236620443021118842,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.0, "high": 0.1, "log": false}}');
INSERT INTO trial_params VALUES(31,11,'hidden',9.0,'{"name": "IntDistribution", "attributes": {"log": false, "step": 1, "low": 4, "high": 24}}');
INSERT INTO trial_params VALUES(32,11,'learning_rate',0.22667916777588495436,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.05, "high": 0.5, "log": true}}');
INSERT INTO trial_params VALUES(33,11,'weight_decay',0.0010510049470684680508,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.0, "high": 0.1, "log": false}}');
INSERT INTO trial_params VALUES(34,12,'hidden',13.0,'{"name": "IntDistribution", "attributes": {"log": false, "step": 1, "low": 4, "high": 24}}');
INSERT INTO trial_params VALUES(35,12,'learning_rate',0.14490986760758739482,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.05, "high": 0.5, "log": true}}');
INSERT INTO trial_params VALUES(36,12,'weight_decay',0.048784408697478631733,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.0, "high": 0.1, "log": false}}');
INSERT INTO trial_params VALUES(37,13,'hidden',10.0,'{"name": "IntDistribution", "attributes": {"log": false, "step": 1, "low": 4, "high": 24}}');
INSERT INTO trial_params VALUES(38,13,'learning_rate',0.35875143090458372352,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.05, "high": 0.5, "log": true}}');
INSERT INTO trial_params VALUES(39,13,'weight_decay',0.076725316073367938463,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.0, "high": 0.1, "log": false}}');
CREATE TABLE trial_values (
	trial_value_id INTEGER NOT NULL, 
	trial_id INTEGER NOT NULL, 
	objective INTEGER NOT NULL, 
	value FLOAT, 
	value_type VARCHAR(7) NOT NULL, 
	PRIMARY KEY (trial_value_id), 
	UNIQUE (trial_id, objective), 
	FOREIGN KEY(trial_id) REFERENCES trials (trial_id)
);
INSERT INTO trial_values VALUES(1,2,0,0.095833333333333339809,'FINITE');
INSERT INTO trial_values VALUES(2,1,0,0.85833333333333328152,'FINITE');
INSERT INTO trial_values VALUES(3,3,0,0.10416666666666667129,'FINITE');
INSERT INTO trial_values VALUES(4,5,0,0.095833333333333339809,'FINITE');
INSERT INTO trial_values VALUES(5,7,0,0.10000000000000000555,'FINITE');
INSERT INTO trial_values VALUES(6,8,0,0.10000000000000000555,'FINITE');
INSERT INTO trial_values VALUES(7,6,0,0.11666666666666666851,'FINITE');
INSERT INTO trial_values VALUES(8,11,0,0.17916666666666666851,'FINITE');
INSERT INTO trial_values VALUES(9,13,0,0.10000000000000000555,'FINITE');
INSERT INTO trial_values VALUES(10,10,0,0.74166666666666669627,'FINITE');
INSERT INTO trial_values VALUES(11,12,0,0.5250000000000000222,'FINITE');
CREATE TABLE trial_intermediate_values (
	trial_intermediate_value_id INTEGER NOT NULL, 
	trial_id INTEGER NOT NULL, 
	step INTEGER NOT NULL, 
	intermediate_value FLOAT, 
	intermediate_value_type VARCHAR(7) NOT NULL, 
	PRIMARY KEY (trial_intermediate_value_id), 
	UNIQUE (trial_id, step), 
	FOREIGN KEY(trial_id) REFERENCES trials (trial_id)
);
INSERT INTO trial_intermediate_values VALUES(1,1,1,0.41666666666666668517,'FINITE');
INSERT INTO trial_intermediate_values VALUES(2,2,1,0.095833333333333339809,'FINITE');
INSERT INTO trial_intermediate_values VALUES(3,3,1,0.10416666666666667129,'FINITE');
INSERT INTO trial_intermediate_values VALUES(4,1,2,0.63749999999999995559,'FINITE');
INSERT INTO trial_intermediate_values VALUES(5,2,2,0.095833333333333339809,'FINITE');
INSERT INTO trial_intermediate_values VALUES(6,3,2,0.10416666666666667129,'FINITE');
INSERT INTO trial_intermediate_values VALUES(7,1,3,0.85833333333333328152,'FINITE');
INSERT INTO trial_intermediate_values VALUES(8,3,3,0.10416666666666667129,'FINITE');
INSERT INTO trial_intermediate_values VALUES(9,4,1,0.10000000000000000555,'FINITE');
INSERT INTO trial_intermediate_values VALUES(10,1,4,0.72916666666666662965,'FINITE');
INSERT INTO trial_intermediate_values VALUES(11,3,4,0.10416666666666667129,'FINITE');
INSERT INTO trial_intermediate_values VALUES(12,5,1,0.095833333333333339809,'FINITE');
INSERT INTO trial_intermediate_values VALUES(13,5,2,0.095833333333333339809,'FINITE');
INSERT INTO trial_intermediate_values VALUES(14,6,1,0.10000000000000000555,'FINITE');
INSERT INTO trial_intermediate_values VALUES(15,7,1,0.10000000000000000555,'FINITE');
INSERT INTO trial_intermediate_values VALUES(16,6,2,0.10000000000000000555,'FINITE');
INSERT INTO trial_intermediate_values VALUES(17,7,2,0.10000000000000000555,'FINITE');
INSERT INTO trial_intermediate_values VALUES(18,8,1,0.10000000000000000555,'FINITE');
INSERT INTO trial_intermediate_values VALUES(19,6,3,0.10000000000000000555,'FINITE');
INSERT INTO trial_intermediate_values VALUES(20,8,2,0.10000000000000000555,'FINITE');
INSERT INTO trial_intermediate_values VALUES(21,9,1,0.10000000000000000555,'FINITE');
INSERT INTO trial_intermediate_values VALUES(22,6,4,0.11666666666666666851,'FINITE');
INSERT INTO trial_intermediate_values VALUES(23,10,1,0.72499999999999997779,'FINITE');
INSERT INTO trial_intermediate_values VALUES(24,11,1,0.17916666666666666851,'FINITE');
INSERT INTO trial_intermediate_values VALUES(25,12,1,0.36666666666666664076,'FINITE');
INSERT INTO trial_intermediate_values VALUES(26,13,1,0.10000000000000000555,'FINITE');
INSERT INTO trial_intermediate_values VALUES(27,10,2,0.74166666666666669627,'FINITE');
INSERT INTO trial_intermediate_values VALUES(28,12,2,0.5250000000000000222,'FINITE');
CREATE TABLE trial_heartbeats (
	trial_heartbeat_id INTEGER NOT NULL, 
	trial_id INTEGER NOT NULL, 
	heartbeat DATETIME NOT NULL, 
	PRIMARY KEY (trial_heartbeat_id), 
	UNIQUE (trial_id), 
	FOREIGN KEY(trial_id) REFERENCES trials (trial_id)
);
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO alembic_version VALUES('v3.2.0.a');
CREATE TABLE studyhall_schema (
	version INTEGER NOT NULL, 
	PRIMARY KEY (version)
);
INSERT INTO studyhall_schema VALUES(2);
CREATE TABLE studyhall_studies (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	study JSON NOT NULL, 
	text TEXT NOT NULL, 
	fingerprint JSON NOT NULL, 
	environment JSON NOT NULL, 
	begun DATETIME NOT NULL, 
	owner TEXT, 
	since DATETIME, 
	until DATETIME, 
	generation INTEGER NOT NULL
);
INSERT INTO studyhall_studies VALUES(1,'{"family": {"name": "mlp", "depth": 1, "activation": "relu", "bias": true, "initial": "uniform"}, "epochs": 4, "batch_size": 128, "optimizer": {"name": "sgd", "momentum": 0.0, "decoupled": false}, "schedule": {"name": "constant"}, "loss": "cross_entropy", "augment": [], "keep": "best", "precision": "float32", "seed": 0, "about": "", "data": "digits", "space": {"learning_rate": {"low": 0.001, "high": 1000000000.0, "log": true, "step": null, "low_is_zero": false, "when": [], "kind": "float"}, "hidden": {"low": 4, "high": 8, "log": false, "step": 1, "factor": null, "when": [], "kind": "int"}, "weight_decay": {"low": 1e-07, "high": 0.01, "log": true, "step": null, "low_is_zero": true, "when": [], "kind": "float"}}, "fixed": {}, "baselines": [{"name": "known", "parameters": {"hidden": 8, "learning_rate": 0.1, "weight_decay": 0.0}, "published": {}}], "validation_share": 0.16666666666666666, "trials": 9, "engines": 1, "lanes": 3, "threads": 1, "sampler": {"name": "tpe", "startup": 10, "considered": 300}, "pruner": {"name": "peer", "keep": 0.4, "first": 2, "spacing": 2, "rivals": 3}}',replace('from search import Baseline, Float, Int, Mlp, Peer, Study\n\nstudy = Study(\n    family=Mlp(),\n    data="digits",\n    epochs=4,\n    trials=9,\n    engines=1,\n    lanes=3,\n    pruner=Peer(keep=0.4, first=2, spacing=2, rivals=3),\n    space={\n        "learning_rate": Float(0.001, 1e9, log=True),\n        "hidden": Int(4, 8),\n        "weight_decay": Float(1e-7, 1e-2, log=True, low_is_zero=True),\n    },\n    baselines=[Baseline("known", hidden=8, learning_rate=0.1, weight_decay=0.0)],\n)\n','\n',char(10)),'{"space.learning_rate": "Float 0.001..1000000000.0 log", "space.hidden": "Int 4..8", "space.weight_decay": "Float 1e-07..0.01 log low is zero", "baseline.0": "learning_rate 0.1, hidden 8, weight_decay 0.0", "family.name": "mlp", "family.depth": 1, "family.activation": "relu", "family.bias": true, "family.initial": "uniform", "epochs": 4, "batch_size": 128, "optimizer.name": "sgd", "optimizer.momentum": 0.0, "optimizer.decoupled": false, "schedule.name": "constant", "loss": "cross_entropy", "keep": "best", "precision": "float32", "seed": 0, "data": "digits", "validation_share": 0.16666666666666666, "engines": 1, "lanes": 3, "threads": 1, "sampler.name": "tpe", "sampler.startup": 10, "sampler.considered": 300, "pruner.name": "peer", "pruner.keep": 0.4, "pruner.first": 2, "pruner.spacing": 2, "pruner.rivals": 3, "data.sha256": "e56a91ea10baaee671eab7474f27867f908d7b66f41457acaee5bffb66f66e06", "device": "cpu"}','{"python": "3.11.7", "studyhall": "0.1.0", "torch": "2.13.0+cpu", "optuna": "5.0.0", "numpy": "2.4.6", "scikit-learn": "1.9.1", "machine": "x86_64", "system": "Linux", "cores": 2, "device": "cpu", "data": "", "spent": {"training": 0.0629909380004392, "sampling": 0.011115372999483952, "recording": 0.008027031000438, "judging": 0.007558261999747629, "snapshots": 0.00252228199997262}}','2026-11-25 14:21:32.972092',NULL,NULL,NULL,3);
INSERT INTO studyhall_studies VALUES(2,'{"family": {"name": "own", "attribute": "net", "sha256": "841c82b860079f3f30b0d1c4048b9c4e884e97ed2bd48e6a2717e06278db3070", "needs": ["hidden"], "takes": [], "facts": ["inputs", "classes"], "source": "from torch import nn\n\n\n\n\ndef net(inputs, classes, hidden):\n    return nn.Sequential(nn.Flatten(), nn.Linear(inputs, hidden), nn.ReLU(), nn.Linear(hidden, classes))\n", "file": "own.py", "module": ""}, "epochs": 2, "batch_size": 128, "optimizer": {"name": "sgd", "momentum": 0.0, "decoupled": false}, "schedule": {"name": "constant"}, "loss": "cross_entropy", "augment": [], "keep": "best", "precision": "float32", "seed": 0, "about": "", "data": "digits", "space": {"learning_rate": {"low": 0.05, "high": 0.5, "log": true, "step": null, "low_is_zero": false, "when": [], "kind": "float"}, "hidden": {"low": 4, "high": 24, "log": false, "step": 1, "factor": null, "when": [], "kind": "int"}, "weight_decay": {"low": 0.0, "high": 0.1, "log": false, "step": null, "low_is_zero": false, "when": [], "kind": "float"}}, "fixed": {}, "baselines": [], "validation_share": 0.16666666666666666, "trials": 4, "engines": 2, "lanes": 2, "threads": 1, "sampler": {"name": "tpe", "startup": 10, "considered": 300}, "pruner": {"name": "peer", "keep": 0.5, "first": 1, "spacing": 2, "rivals": 4}}',replace('from torch import nn\n\nfrom search import Float, Int, Study\n\n\ndef net(inputs, classes, hidden):\n    return nn.Sequential(nn.Flatten(), nn.Linear(inputs, hidden), nn.ReLU(), nn.Linear(hidden, classes))\n\n\nstudy = Study(\n    family=net,\n    data="digits",\n    epochs=2,\n    trials=4,\n    engines=2,\n    lanes=2,\n    space={"learning_rate": Float(0.05, 0.5, log=True), "hidden": Int(4, 24), "weight_decay": Float(0.0, 0.1)},\n)\n','\n',char(10)),'{"space.learning_rate": "Float 0.05..0.5 log", "space.hidden": "Int 4..24", "space.weight_decay": "Float 0.0..0.1", "family.name": "own", "family.attribute": "net", "family.sha256": "841c82b860079f3f30b0d1c4048b9c4e884e97ed2bd48e6a2717e06278db3070", "family.needs": ["hidden"], "family.takes": [], "family.facts": ["inputs", "classes"], "family.module": "", "epochs": 2, "batch_size": 128, "optimizer.name": "sgd", "optimizer.momentum": 0.0, "optimizer.decoupled": false, "schedule.name": "constant", "loss": "cross_entropy", "keep": "best", "precision": "float32", "seed": 0, "data": "digits", "validation_share": 0.16666666666666666, "engines": 2, "lanes": 2, "threads": 1, "sampler.name": "tpe", "sampler.startup": 10, "sampler.considered": 300, "pruner.name": "peer", "pruner.keep": 0.5, "pruner.first": 1, "pruner.spacing": 2, "pruner.rivals": 4, "data.sha256": "e56a91ea10baaee671eab7474f27867f908d7b66f41457acaee5bffb66f66e06", "device": "cpu"}','{"python": "3.11.7", "studyhall": "0.1.0", "torch": "2.13.0+cpu", "optuna": "5.0.0", "numpy": "2.4.6", "scikit-learn": "1.9.1", "machine": "x86_64", "system": "Linux", "cores": 2, "device": "cpu", "data": "", "spent": {"training": 0.04249189699976341, "sampling": 0.9842277570000988, "recording": 0.003161632999763242, "judging": 0.002974025000639813, "snapshots": 0.008876662999682594}}','2026-11-25 14:21:42.675054',NULL,NULL,NULL,1);
CREATE TABLE studyhall_curves (
	study INTEGER NOT NULL, 
	trial INTEGER NOT NULL, 
	epoch INTEGER NOT NULL, 
	tick INTEGER NOT NULL, 
	train_loss DOUBLE, 
	train_accuracy DOUBLE, 
	validation_loss DOUBLE, 
	validation_accuracy DOUBLE, 
	seconds DOUBLE NOT NULL, 
	PRIMARY KEY (study, trial, epoch), 
	FOREIGN KEY(study) REFERENCES studyhall_studies (id)
)
 WITHOUT ROWID

;
INSERT INTO studyhall_curves VALUES(1,0,1,1,2.1057780822350307126,0.24707846410684475291,1.7135066203773021697,0.41666666666666668517,0.0038121699076130071207);
INSERT INTO studyhall_curves VALUES(1,0,2,2,1.4185789792840439726,0.5584307178631051638,1.1075904603116213387,0.63749999999999995559,0.0023537665596458793096);
INSERT INTO studyhall_curves VALUES(1,0,3,3,0.89646508011388559289,0.72871452420701166019,0.61758833032411830643,0.85833333333333328152,0.0021882301362906109512);
INSERT INTO studyhall_curves VALUES(1,0,4,4,0.55781171479130642332,0.8322203672787980011,0.69912659975962010427,0.72916666666666662965,0.0020817721319113789181);
INSERT INTO studyhall_curves VALUES(1,1,1,1,148573598.67080801725,0.10183639398998330094,61339.791015624999998,0.095833333333333339809,0.0023857288740304206757);
INSERT INTO studyhall_curves VALUES(1,1,2,2,31998.872741597322601,0.10601001669449082454,56202.549039713543608,0.095833333333333339809,0.0014730321523340856541);
INSERT INTO studyhall_curves VALUES(1,2,1,1,113477048114.5195465,0.11435726210350584397,144.55401738484701468,0.10416666666666667129,0.0028612092185579494907);
INSERT INTO studyhall_curves VALUES(1,2,2,2,142.483227037040308,0.11101836393989983342,155.84940999348958712,0.10416666666666667129,0.0017666102881046833947);
INSERT INTO studyhall_curves VALUES(1,2,3,3,157.33976287096345459,0.09348914858096828151,154.85966218312580622,0.10416666666666667129,0.0016423675728035253603);
INSERT INTO studyhall_curves VALUES(1,2,4,4,155.1236270392509482,0.099332220367278803441,160.35340595245361328,0.10416666666666667129,0.0015624659338679548325);
INSERT INTO studyhall_curves VALUES(1,3,1,3,NULL,0.031719532554257093281,NULL,0.10000000000000000555,0.0013694362910599826733);
INSERT INTO studyhall_curves VALUES(1,4,1,4,7.422722924423566404,0.090984974958263770128,2.3107705136140186397,0.095833333333333339809,0.0015624659338679548325);
INSERT INTO studyhall_curves VALUES(1,4,2,5,2.309374342975711869,0.091819699499165269296,2.3047334025303523041,0.095833333333333339809,0.0030448325538389052133);
INSERT INTO studyhall_curves VALUES(1,5,1,5,2.8274415718594729796,0.11602671118530884231,2.3211609174807867894,0.10000000000000000555,0.0020328422230810384331);
INSERT INTO studyhall_curves VALUES(1,5,2,6,2.3153167244587993245,0.10183639398998330094,2.3083372443914411675,0.10000000000000000555,0.0014682160488626936744);
INSERT INTO studyhall_curves VALUES(1,5,3,7,2.3070125832581558356,0.10267111853088481399,2.304477094610532184,0.10000000000000000555,0.0015979092220104117953);
INSERT INTO studyhall_curves VALUES(1,5,4,8,2.3039072939569442688,0.095993322203672792891,2.2811319058140120397,0.11666666666666666851,0.0066771239999070530757);
INSERT INTO studyhall_curves VALUES(1,6,1,5,752.44944180355082608,0.098497495826377290395,149.2664297262718378,0.10000000000000000555,0.0020328422230810384331);
INSERT INTO studyhall_curves VALUES(1,6,2,6,127.85380326590230026,0.10183639398998330094,179.15728432337442655,0.10000000000000000555,0.0014682160488626936744);
INSERT INTO studyhall_curves VALUES(1,7,1,6,64.553422328070496406,0.07762938230383972793,110.11422208150227675,0.10000000000000000555,0.0025645779022636498202);
INSERT INTO studyhall_curves VALUES(1,7,2,7,81.558203760273286775,0.079298831385642740143,108.91095956166584813,0.10000000000000000555,0.0027911169366153965216);
INSERT INTO studyhall_curves VALUES(1,8,1,7,NULL,0.048414023372287146029,NULL,0.10000000000000000555,0.0031888528414837249806);
INSERT INTO studyhall_curves VALUES(2,0,1,1,1.8853864162563283013,0.36477462437395657968,1.2294343413164219303,0.72499999999999997779,0.0089964106874191578783);
INSERT INTO studyhall_curves VALUES(2,0,2,2,0.88635412006264235884,0.81135225375626041088,0.80891112219542260497,0.74166666666666669627,0.0068426640000325278379);
INSERT INTO studyhall_curves VALUES(2,1,1,1,2.1860032832259328472,0.17362270450751252082,2.1186887131693463715,0.17916666666666666851,0.004264590312627077398);
INSERT INTO studyhall_curves VALUES(2,2,1,1,2.2270659795761704735,0.21452420701168614658,1.8955179313818613096,0.36666666666666664076,0.0066648599231023857372);
INSERT INTO studyhall_curves VALUES(2,2,2,2,1.7258839762189701616,0.3697829716193656302,1.507558492012321949,0.5250000000000000222,0.006331492999834154034);
INSERT INTO studyhall_curves VALUES(2,3,1,1,2.4658273084583584022,0.11769616026711185452,2.2955495536327363836,0.10000000000000000555,0.0051283020771285643332);
CREATE TABLE studyhall_finalist_curves (
	study INTEGER NOT NULL, 
	phase TEXT NOT NULL, 
	trial INTEGER NOT NULL, 
	seed INTEGER NOT NULL, 
	epoch INTEGER NOT NULL, 
	lane INTEGER NOT NULL, 
	tick INTEGER NOT NULL, 
	train_loss DOUBLE, 
	train_accuracy DOUBLE, 
	validation_loss DOUBLE, 
	validation_accuracy DOUBLE, 
	seconds DOUBLE NOT NULL, 
	PRIMARY KEY (study, phase, trial, seed, epoch), 
	FOREIGN KEY(study) REFERENCES studyhall_studies (id)
)
 WITHOUT ROWID

;
INSERT INTO studyhall_finalist_curves VALUES(1,'rank',0,0,1,0,1,2.0751882401949575118,0.22036727879799666851,1.6282741480817397583,0.40416666666666667406,0.0082362900002408423461);
INSERT INTO studyhall_finalist_curves VALUES(1,'rank',0,0,2,0,2,1.4308652406269202206,0.50918196994991649084,1.0560713684652001109,0.63749999999999995559,0.0044095930002185923513);
INSERT INTO studyhall_finalist_curves VALUES(1,'rank',0,0,3,0,3,0.87934796120318425849,0.72954924874791315936,0.70817249478617061431,0.76249999999999995559,0.0043398609996074810624);
INSERT INTO studyhall_finalist_curves VALUES(1,'rank',0,0,4,0,4,0.63996460326952708808,0.79883138564273792336,0.59947202406474386915,0.8125,0.0043532559998311626259);
INSERT INTO studyhall_finalist_curves VALUES(1,'rank',0,1,1,1,1,1.9771774455233288581,0.26544240400667779011,1.3182014942169189009,0.60833333333333328152,0.0047806719999243796337);
INSERT INTO studyhall_finalist_curves VALUES(1,'rank',0,1,2,1,2,1.4372881694645536221,0.5317195325542570794,0.80303985496672491972,0.75416666666666665186,0.0041877869998643291182);
INSERT INTO studyhall_finalist_curves VALUES(1,'rank',0,1,3,1,3,0.84940499157212578928,0.73873121869782976123,1.5329529689576399942,0.5625,0.0040971240000544639769);
INSERT INTO studyhall_finalist_curves VALUES(1,'rank',0,1,4,1,4,0.71447374406332875285,0.77462437395659433647,0.88161843417328777938,0.69999999999999995559,0.0039107299999159295111);
INSERT INTO studyhall_finalist_curves VALUES(1,'retrain',0,0,1,0,1,1.9446916368495936744,0.29485396383866480096,NULL,NULL,0.0052332430000205931719);
INSERT INTO studyhall_finalist_curves VALUES(1,'retrain',0,0,2,0,2,1.4914165261863459033,0.48052851182197497958,NULL,NULL,0.0045282700002644560299);
INSERT INTO studyhall_finalist_curves VALUES(1,'retrain',0,1,1,1,1,2.0110890477149641064,0.25243393602225311367,NULL,NULL,0.0043707509998966997954);
INSERT INTO studyhall_finalist_curves VALUES(1,'retrain',0,1,2,1,2,1.700228595471473314,0.43393602225312932763,NULL,NULL,0.0042567190002955612726);
CREATE TABLE studyhall_ledger (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	study INTEGER NOT NULL, 
	signed DATETIME NOT NULL, 
	purpose TEXT NOT NULL, 
	dataset TEXT NOT NULL, 
	sha256 TEXT NOT NULL, 
	models INTEGER NOT NULL, 
	FOREIGN KEY(study) REFERENCES studyhall_studies (id)
);
INSERT INTO studyhall_ledger VALUES(1,1,'2026-11-25 14:21:37.001313','test of 2 models: test set of digits (its training set has sha256 e56a91ea10baaee671eab7474f27867f908d7b66f41457acaee5bffb66f66e06)','digits','e56a91ea10baaee671eab7474f27867f908d7b66f41457acaee5bffb66f66e06',2);
CREATE TABLE studyhall_snapshots (
	study INTEGER NOT NULL, 
	run TEXT NOT NULL, 
	tick INTEGER NOT NULL, 
	file TEXT NOT NULL, 
	piece INTEGER NOT NULL, 
	bytes BLOB NOT NULL, 
	PRIMARY KEY (study, run, tick, file, piece), 
	FOREIGN KEY(study) REFERENCES studyhall_studies (id)
);
CREATE TABLE studyhall_finalists (
	study INTEGER NOT NULL, 
	trial INTEGER NOT NULL, 
	seed INTEGER NOT NULL, 
	best_epoch INTEGER, 
	validation_accuracy DOUBLE, 
	validation_loss DOUBLE, 
	epochs INTEGER, 
	train_loss DOUBLE, 
	train_accuracy DOUBLE, 
	train_seconds DOUBLE, 
	test_loss DOUBLE, 
	test_accuracy DOUBLE, 
	ledger INTEGER, 
	model TEXT, 
	model_sha256 TEXT, 
	PRIMARY KEY (study, trial, seed), 
	FOREIGN KEY(study) REFERENCES studyhall_studies (id), 
	FOREIGN KEY(ledger) REFERENCES studyhall_ledger (id)
);
INSERT INTO studyhall_finalists VALUES(1,0,0,4,0.8125,0.59947202406474386915,2,1.1451737905887469093,0.68567454798331017862,0.0097615130002850492019,1.176650404930114746,0.66016713091922007983,1,'trial-0-seed-0.safetensors','6162069b8a1c15a7045cef8eec41a16719184726b8aa71dc0c17ab919767621b');
INSERT INTO studyhall_finalists VALUES(1,0,1,2,0.75416666666666665186,0.80303985496672491972,2,1.3422393293556484916,0.46314325452016691375,0.0086274700001922610681,1.3313360214233398437,0.47353760445682452351,1,'trial-0-seed-1.safetensors','6841c325707baaf4e1df4b36137e7d741e61faa6c228a03b588f313aab2299db');
DELETE FROM sqlite_sequence;
INSERT INTO sqlite_sequence VALUES('studyhall_studies',2);
INSERT INTO sqlite_sequence VALUES('studyhall_ledger',1);
CREATE UNIQUE INDEX ix_studies_study_name ON studies (study_name);
CREATE INDEX ix_trials_study_id ON trials (study_id);
COMMIT;
