BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('v3.2.0.a');
CREATE TABLE studies (
	study_id INTEGER NOT NULL, 
	study_name VARCHAR(512) NOT NULL, 
	PRIMARY KEY (study_id)
);
INSERT INTO "studies" VALUES(1,'small');
INSERT INTO "studies" VALUES(2,'copy');
CREATE TABLE study_directions (
	study_direction_id INTEGER NOT NULL, 
	direction VARCHAR(8) NOT NULL, 
	study_id INTEGER NOT NULL, 
	objective INTEGER NOT NULL, 
	PRIMARY KEY (study_direction_id), 
	UNIQUE (study_id, objective), 
	FOREIGN KEY(study_id) REFERENCES studies (study_id)
);
INSERT INTO "study_directions" VALUES(1,'MAXIMIZE',1,0);
INSERT INTO "study_directions" VALUES(2,'MAXIMIZE',2,0);
CREATE TABLE study_system_attributes (
	study_system_attribute_id INTEGER NOT NULL, 
	study_id INTEGER, 
	"key" VARCHAR(512), 
	value_json TEXT, 
	PRIMARY KEY (study_system_attribute_id), 
	UNIQUE (study_id, "key"), 
	FOREIGN KEY(study_id) REFERENCES studies (study_id)
);
INSERT INTO "study_system_attributes" VALUES(1,1,'study:metric_names','["validation accuracy"]');
INSERT INTO "study_system_attributes" VALUES(2,1,'dashboard:note_ver','1');
INSERT INTO "study_system_attributes" VALUES(3,1,'dashboard:note_str:0','"**Trial 0, the baseline \u201cknown\u201d, wins: test accuracy 0.4568 (95% interval 0.4050 to 0.5086).**\n\nNo trial of the search did better than what its author already knew.\n\nIt is the only finalist.\n\nThe search&#39;s best validation score, 0.8583 (trial 0), was optimistic by 0.0458: trained again on the same images under 1 new seed, that configuration comes to 0.8125.\n\n| | | |\n|---|---|---|\n| test accuracy | 0.4568 | 0.4050 to 0.5086; 1 seed \u00d7 359 images |\n| optimism of the search | +0.0458 | best score 0.8583, again 0.8125 |\n\n[The whole report](/reports/small)\n"');
INSERT INTO "study_system_attributes" VALUES(4,1,'dashboard:1:note_ver','1');
INSERT INTO "study_system_attributes" VALUES(5,1,'dashboard:1:note_str:0','"**Finalist, rank 1 of 1.** Test accuracy 0.4568, 95% interval 0.4050 to 0.5086, test loss 1.6997, validation accuracy 0.8125; means over 1 seed.\n"');
INSERT INTO "study_system_attributes" VALUES(6,1,'artifacts:f364bd5e-dbf4-5151-88b1-c1787db669ac','"{\"artifact_id\": \"f364bd5e-dbf4-5151-88b1-c1787db669ac\", \"filename\": \"report.html\", \"encoding\": null, \"mimetype\": \"text/html\"}"');
INSERT INTO "study_system_attributes" VALUES(7,1,'dashboard:artifacts:1:6a55f336-05c6-503a-800b-5b442f0ca2ef','"{\"artifact_id\": \"6a55f336-05c6-503a-800b-5b442f0ca2ef\", \"filename\": \"trial-0-epochs.png\", \"encoding\": null, \"mimetype\": \"image/png\"}"');
INSERT INTO "study_system_attributes" VALUES(8,1,'dashboard:artifacts:1:849336fe-2893-5e22-bfce-51f848e4b99d','"{\"artifact_id\": \"849336fe-2893-5e22-bfce-51f848e4b99d\", \"filename\": \"trial-0-confusion.png\", \"encoding\": null, \"mimetype\": \"image/png\"}"');
INSERT INTO "study_system_attributes" VALUES(9,1,'dashboard:artifacts:1:463468fc-beb5-573d-863f-fdb577d0e300','"{\"artifact_id\": \"463468fc-beb5-573d-863f-fdb577d0e300\", \"filename\": \"trial-0-seed-0.safetensors\", \"encoding\": null, \"mimetype\": \"application/octet-stream\"}"');
INSERT INTO "study_system_attributes" VALUES(10,1,'studyhall:shelf','["artifacts:f364bd5e-dbf4-5151-88b1-c1787db669ac", "dashboard:artifacts:1:463468fc-beb5-573d-863f-fdb577d0e300", "dashboard:artifacts:1:6a55f336-05c6-503a-800b-5b442f0ca2ef", "dashboard:artifacts:1:849336fe-2893-5e22-bfce-51f848e4b99d"]');
INSERT INTO "study_system_attributes" VALUES(11,2,'artifacts:f364bd5e-dbf4-5151-88b1-c1787db669ac','"{\"artifact_id\": \"f364bd5e-dbf4-5151-88b1-c1787db669ac\", \"filename\": \"report.html\", \"encoding\": null, \"mimetype\": \"text/html\"}"');
INSERT INTO "study_system_attributes" VALUES(12,2,'dashboard:1:note_str:0','"**Finalist, rank 1 of 1.** Test accuracy 0.4568, 95% interval 0.4050 to 0.5086, test loss 1.6997, validation accuracy 0.8125; means over 1 seed.\n"');
INSERT INTO "study_system_attributes" VALUES(13,2,'dashboard:1:note_ver','1');
INSERT INTO "study_system_attributes" VALUES(14,2,'dashboard:artifacts:1:463468fc-beb5-573d-863f-fdb577d0e300','"{\"artifact_id\": \"463468fc-beb5-573d-863f-fdb577d0e300\", \"filename\": \"trial-0-seed-0.safetensors\", \"encoding\": null, \"mimetype\": \"application/octet-stream\"}"');
INSERT INTO "study_system_attributes" VALUES(15,2,'dashboard:artifacts:1:6a55f336-05c6-503a-800b-5b442f0ca2ef','"{\"artifact_id\": \"6a55f336-05c6-503a-800b-5b442f0ca2ef\", \"filename\": \"trial-0-epochs.png\", \"encoding\": null, \"mimetype\": \"image/png\"}"');
INSERT INTO "study_system_attributes" VALUES(16,2,'dashboard:artifacts:1:849336fe-2893-5e22-bfce-51f848e4b99d','"{\"artifact_id\": \"849336fe-2893-5e22-bfce-51f848e4b99d\", \"filename\": \"trial-0-confusion.png\", \"encoding\": null, \"mimetype\": \"image/png\"}"');
INSERT INTO "study_system_attributes" VALUES(17,2,'dashboard:note_str:0','"**Trial 0, the baseline \u201cknown\u201d, wins: test accuracy 0.4568 (95% interval 0.4050 to 0.5086).**\n\nNo trial of the search did better than what its author already knew.\n\nIt is the only finalist.\n\nThe search&#39;s best validation score, 0.8583 (trial 0), was optimistic by 0.0458: trained again on the same images under 1 new seed, that configuration comes to 0.8125.\n\n| | | |\n|---|---|---|\n| test accuracy | 0.4568 | 0.4050 to 0.5086; 1 seed \u00d7 359 images |\n| optimism of the search | +0.0458 | best score 0.8583, again 0.8125 |\n\n[The whole report](/reports/small)\n"');
INSERT INTO "study_system_attributes" VALUES(18,2,'dashboard:note_ver','1');
INSERT INTO "study_system_attributes" VALUES(19,2,'study:metric_names','["validation accuracy"]');
INSERT INTO "study_system_attributes" VALUES(20,2,'studyhall:shelf','["artifacts:f364bd5e-dbf4-5151-88b1-c1787db669ac", "dashboard:artifacts:1:463468fc-beb5-573d-863f-fdb577d0e300", "dashboard:artifacts:1:6a55f336-05c6-503a-800b-5b442f0ca2ef", "dashboard:artifacts:1:849336fe-2893-5e22-bfce-51f848e4b99d"]');
CREATE TABLE study_user_attributes (
	study_user_attribute_id INTEGER NOT NULL, 
	study_id INTEGER, 
	"key" VARCHAR(512), 
	value_json TEXT, 
	PRIMARY KEY (study_user_attribute_id), 
	UNIQUE (study_id, "key"), 
	FOREIGN KEY(study_id) REFERENCES studies (study_id)
);
INSERT INTO "study_user_attributes" VALUES(1,1,'studyhall','1');
INSERT INTO "study_user_attributes" VALUES(2,2,'studyhall','1');
CREATE TABLE studyhall_curves (
	study INTEGER NOT NULL, 
	trial INTEGER NOT NULL, 
	epoch INTEGER NOT NULL, 
	tick INTEGER NOT NULL, 
	train TEXT NOT NULL, 
	validation TEXT NOT NULL, 
	seconds DOUBLE NOT NULL, 
	PRIMARY KEY (study, trial, epoch), 
	FOREIGN KEY(study) REFERENCES studyhall_studies (id)
)
 WITHOUT ROWID

;
INSERT INTO "studyhall_curves" VALUES(1,0,1,1,'{"loss": 2.1057780822350307, "accuracy": 0.24707846410684475}','{"loss": 1.7135066203773022, "accuracy": 0.4166666666666667}',1.79387476096421680238e-02);
INSERT INTO "studyhall_curves" VALUES(1,0,2,2,'{"loss": 1.418578979284044, "accuracy": 0.5584307178631052}','{"loss": 1.1075904603116213, "accuracy": 0.6375}',6.44599569049799769188e-03);
INSERT INTO "studyhall_curves" VALUES(1,0,3,3,'{"loss": 0.8964650801138856, "accuracy": 0.7287145242070117}','{"loss": 0.6175883303241183, "accuracy": 0.8583333333333333}',7.95964517634036895776e-03);
INSERT INTO "studyhall_curves" VALUES(1,0,4,4,'{"loss": 0.5578117147913064, "accuracy": 0.832220367278798}','{"loss": 0.6991265997596201, "accuracy": 0.7291666666666666}',6.75398377351568105636e-03);
INSERT INTO "studyhall_curves" VALUES(1,1,1,1,'{"loss": 148573598.67080802, "accuracy": 0.1018363939899833}','{"loss": 61339.791015625, "accuracy": 0.09583333333333334}',1.122641151193202666e-02);
INSERT INTO "studyhall_curves" VALUES(1,1,2,2,'{"loss": 31998.872741597323, "accuracy": 0.10601001669449082}','{"loss": 56202.54903971354, "accuracy": 0.09583333333333334}',4.03402744719894360003e-03);
INSERT INTO "studyhall_curves" VALUES(1,2,1,1,'{"loss": 113477048114.51955, "accuracy": 0.11435726210350584}','{"loss": 144.55401738484701, "accuracy": 0.10416666666666667}',1.34638568778354065363e-02);
INSERT INTO "studyhall_curves" VALUES(1,2,2,2,'{"loss": 142.4832270370403, "accuracy": 0.11101836393989983}','{"loss": 155.8494099934896, "accuracy": 0.10416666666666667}',4.83801686163196163065e-03);
INSERT INTO "studyhall_curves" VALUES(1,2,3,3,'{"loss": 157.33976287096345, "accuracy": 0.09348914858096828}','{"loss": 154.8596621831258, "accuracy": 0.10416666666666667}',5.97408056485485092906e-03);
INSERT INTO "studyhall_curves" VALUES(1,2,4,4,'{"loss": 155.12362703925095, "accuracy": 0.0993322203672788}','{"loss": 160.3534059524536, "accuracy": 0.10416666666666667}',5.06917611310613372421e-03);
INSERT INTO "studyhall_curves" VALUES(1,3,1,3,'{"loss": null, "accuracy": 0.03171953255425709}','{"loss": null, "accuracy": 0.1}',4.98129825911209234839e-03);
INSERT INTO "studyhall_curves" VALUES(1,4,1,4,'{"loss": 7.422722924423566, "accuracy": 0.09098497495826377}','{"loss": 2.3107705136140186, "accuracy": 0.09583333333333334}',5.06917611310613372421e-03);
INSERT INTO "studyhall_curves" VALUES(1,4,2,5,'{"loss": 2.309374342975712, "accuracy": 0.09181969949916527}','{"loss": 2.3047334025303523, "accuracy": 0.09583333333333334}',0.00976653453146422);
INSERT INTO "studyhall_curves" VALUES(1,5,1,5,'{"loss": 2.827441571859473, "accuracy": 0.11602671118530884}','{"loss": 2.321160917480787, "accuracy": 0.1}',6.52049773433612325779e-03);
INSERT INTO "studyhall_curves" VALUES(1,5,2,6,'{"loss": 2.3153167244587993, "accuracy": 0.1018363939899833}','{"loss": 2.308337244391441, "accuracy": 0.1}',4.50123769074345630308e-03);
INSERT INTO "studyhall_curves" VALUES(1,5,3,7,'{"loss": 2.307012583258156, "accuracy": 0.10267111853088481}','{"loss": 2.304477094610532, "accuracy": 0.1}',4.71523760944586416143e-03);
INSERT INTO "studyhall_curves" VALUES(1,5,4,8,'{"loss": 2.3039072939569443, "accuracy": 0.09599332220367279}','{"loss": 2.281131905814012, "accuracy": 0.11666666666666667}',2.45830940002633724361e-02);
INSERT INTO "studyhall_curves" VALUES(1,6,1,5,'{"loss": 752.4494418035508, "accuracy": 0.09849749582637729}','{"loss": 149.26642972627184, "accuracy": 0.1}',6.52049773433612325779e-03);
INSERT INTO "studyhall_curves" VALUES(1,6,2,6,'{"loss": 127.8538032659023, "accuracy": 0.1018363939899833}','{"loss": 179.15728432337443, "accuracy": 0.1}',4.50123769074345630308e-03);
INSERT INTO "studyhall_curves" VALUES(1,7,1,6,'{"loss": 64.5534223280705, "accuracy": 0.07762938230383973}','{"loss": 110.11422208150228, "accuracy": 0.1}',7.8624496193587748577e-03);
INSERT INTO "studyhall_curves" VALUES(1,7,2,7,'{"loss": 81.55820376027329, "accuracy": 0.07929883138564274}','{"loss": 108.91095956166585, "accuracy": 0.1}',8.23624982608961442309e-03);
INSERT INTO "studyhall_curves" VALUES(1,8,1,7,'{"loss": null, "accuracy": 0.048414023372287146}','{"loss": null, "accuracy": 0.1}',9.40992056497086566679e-03);
CREATE TABLE studyhall_finalist_curves (
	study INTEGER NOT NULL, 
	phase TEXT NOT NULL, 
	trial INTEGER NOT NULL, 
	seed INTEGER NOT NULL, 
	epoch INTEGER NOT NULL, 
	lane INTEGER NOT NULL, 
	tick INTEGER NOT NULL, 
	train TEXT NOT NULL, 
	validation TEXT NOT NULL, 
	seconds DOUBLE NOT NULL, 
	PRIMARY KEY (study, phase, trial, seed, epoch), 
	FOREIGN KEY(study) REFERENCES studyhall_studies (id)
)
 WITHOUT ROWID

;
INSERT INTO "studyhall_finalist_curves" VALUES(1,'rank',0,0,1,0,1,'{"loss": 2.0751882401949575, "accuracy": 0.22036727879799667}','{"loss": 1.6282741480817398, "accuracy": 0.4041666666666667}',5.46383290002268040552e-02);
INSERT INTO "studyhall_finalist_curves" VALUES(1,'rank',0,0,2,0,2,'{"loss": 1.4308652406269202, "accuracy": 0.5091819699499165}','{"loss": 1.0560713684652, "accuracy": 0.6375}',1.88568419998773606494e-02);
INSERT INTO "studyhall_finalist_curves" VALUES(1,'rank',0,0,3,0,3,'{"loss": 0.8793479612031843, "accuracy": 0.7295492487479132}','{"loss": 0.7081724947861706, "accuracy": 0.7625}',1.35692149997339583933e-02);
INSERT INTO "studyhall_finalist_curves" VALUES(1,'rank',0,0,4,0,4,'{"loss": 0.6399646032695271, "accuracy": 0.7988313856427379}','{"loss": 0.5994720240647439, "accuracy": 0.8125}',1.35522139989916468039e-02);
INSERT INTO "studyhall_finalist_curves" VALUES(1,'retrain',0,0,1,0,1,'{"loss": 1.9446916368495937, "accuracy": 0.2948539638386648}','{}',3.41835509989323327317e-02);
INSERT INTO "studyhall_finalist_curves" VALUES(1,'retrain',0,0,2,0,2,'{"loss": 1.491416526186346, "accuracy": 0.480528511821975}','{}',1.56984839995857328176e-02);
INSERT INTO "studyhall_finalist_curves" VALUES(1,'retrain',0,0,3,0,3,'{"loss": 0.9333423673297033, "accuracy": 0.7037552155771906}','{}',1.77547340008459286764e-02);
INSERT INTO "studyhall_finalist_curves" VALUES(1,'retrain',0,0,4,0,4,'{"loss": 0.6263132585094068, "accuracy": 0.8073713490959666}','{}',1.37421069994161371141e-02);
CREATE TABLE studyhall_finalists (
	study INTEGER NOT NULL, 
	trial INTEGER NOT NULL, 
	seed INTEGER NOT NULL, 
	best_epoch INTEGER, 
	validation TEXT, 
	epochs INTEGER, 
	train TEXT, 
	train_seconds DOUBLE, 
	test TEXT, 
	ledger INTEGER, 
	model TEXT, 
	model_sha256 TEXT, 
	PRIMARY KEY (study, trial, seed), 
	FOREIGN KEY(study) REFERENCES studyhall_studies (id), 
	FOREIGN KEY(ledger) REFERENCES studyhall_ledger (id)
);
INSERT INTO "studyhall_finalists" VALUES(1,0,0,4,'{"loss": 0.5994720240647439, "accuracy": 0.8125}',4,'{"loss": 1.6756978889037597, "accuracy": 0.4527121001390821}',8.137887599878013134e-02,'{"loss": 1.6996595859527588, "accuracy": 0.4568245125348189}',1,'trial-0-seed-0.safetensors','0206f457dbabc9ed2ab964ba5fad76ccf2462429ed4540eb7284e38cfae509ce');
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
INSERT INTO "studyhall_ledger" VALUES(1,1,'2026-11-25 17:16:51.799091','test of 1 models: test set of digits (sha256 e56a91ea10baaee671eab7474f27867f908d7b66f41457acaee5bffb66f66e06)','digits','e56a91ea10baaee671eab7474f27867f908d7b66f41457acaee5bffb66f66e06',1);
CREATE TABLE studyhall_schema (
	version INTEGER NOT NULL, 
	PRIMARY KEY (version)
);
INSERT INTO "studyhall_schema" VALUES(3);
CREATE TABLE studyhall_snapshots (
	study INTEGER NOT NULL, 
	run TEXT NOT NULL, 
	tick INTEGER NOT NULL, 
	file TEXT NOT NULL, 
	chunk INTEGER NOT NULL, 
	bytes BLOB NOT NULL, 
	PRIMARY KEY (study, run, tick, file, chunk), 
	FOREIGN KEY(study) REFERENCES studyhall_studies (id)
);
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
INSERT INTO "studyhall_studies" VALUES(1,'{"family": {"name": "mlp", "depth": 1, "activation": "relu", "bias": true, "initial": "uniform"}, "epochs": 4, "batch_size": 128, "optimizer": {"name": "sgd", "momentum": 0.0, "decoupled": false}, "schedule": {"name": "constant"}, "loss": "cross_entropy", "augment": [], "keep": "best", "metrics": [], "precision": "float32", "seed": 0, "about": "", "data": "digits", "space": {"learning_rate": {"low": 0.001, "high": 1000000000.0, "log": true, "step": null, "low_is_zero": false, "when": [], "kind": "float"}, "hidden": {"low": 4, "high": 8, "log": false, "step": 1, "factor": null, "when": [], "kind": "int"}, "weight_decay": {"low": 1e-07, "high": 0.01, "log": true, "step": null, "low_is_zero": true, "when": [], "kind": "float"}}, "fixed": {}, "baselines": [{"name": "known", "parameters": {"hidden": 8, "learning_rate": 0.1, "weight_decay": 0.0}, "published": {}}], "objective": {"metric": "accuracy", "direction": "maximize"}, "validation_share": 0.16666666666666666, "trials": 9, "engines": 1, "lanes": 3, "threads": 1, "sampler": {"name": "tpe", "startup": 10, "considered": 300}, "pruner": {"name": "successive_halving", "keep_fraction": 0.4, "min_epochs": 2, "reduction_factor": 2, "min_trials": 3}}','from search import Baseline, Float, Int, Mlp, Study, SuccessiveHalving

study = Study(
    family=Mlp(),
    data="digits",
    epochs=4,
    trials=9,
    engines=1,
    lanes=3,
    pruner=SuccessiveHalving(keep_fraction=0.4, min_epochs=2, reduction_factor=2, min_trials=3),
    space={
        "learning_rate": Float(0.001, 1e9, log=True),
        "hidden": Int(4, 8),
        "weight_decay": Float(1e-7, 1e-2, log=True, low_is_zero=True),
    },
    baselines=[Baseline("known", hidden=8, learning_rate=0.1, weight_decay=0.0)],
)
','{"space.learning_rate": "Float 0.001..1000000000.0 log", "space.hidden": "Int 4..8", "space.weight_decay": "Float 1e-07..0.01 log low is zero", "baseline.0": "learning_rate 0.1, hidden 8, weight_decay 0.0", "family.name": "mlp", "family.depth": 1, "family.activation": "relu", "family.bias": true, "family.initial": "uniform", "epochs": 4, "batch_size": 128, "optimizer.name": "sgd", "optimizer.momentum": 0.0, "optimizer.decoupled": false, "schedule.name": "constant", "loss": "cross_entropy", "keep": "best", "precision": "float32", "seed": 0, "data": "digits", "validation_share": 0.16666666666666666, "engines": 1, "lanes": 3, "threads": 1, "sampler.name": "tpe", "sampler.startup": 10, "sampler.considered": 300, "pruner.name": "successive_halving", "pruner.keep_fraction": 0.4, "pruner.min_epochs": 2, "pruner.reduction_factor": 2, "pruner.min_trials": 3, "data.sha256": "e56a91ea10baaee671eab7474f27867f908d7b66f41457acaee5bffb66f66e06", "device": "cpu"}','{"python": "3.11.7", "studyhall": "0.1.0", "torch": "2.13.0+cpu", "optuna": "5.0.0", "numpy": "2.4.6", "scikit-learn": "1.9.1", "machine": "x86_64", "system": "Linux", "cores": 2, "device": "cpu", "data": "", "commit": "bb4d0232648b5719ee58dd1298cc5eda738ddc9a", "spent": {"training": 0.2131496089987195, "sampling": 0.03913507199831656, "recording": 0.023589701000673813, "judging": 0.03732166600093478, "snapshots": 0.007864236000386882}}','2026-11-25 17:16:35.172889',NULL,NULL,NULL,3);
CREATE TABLE trial_heartbeats (
	trial_heartbeat_id INTEGER NOT NULL, 
	trial_id INTEGER NOT NULL, 
	heartbeat DATETIME NOT NULL, 
	PRIMARY KEY (trial_heartbeat_id), 
	UNIQUE (trial_id), 
	FOREIGN KEY(trial_id) REFERENCES trials (trial_id)
);
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
INSERT INTO "trial_intermediate_values" VALUES(1,1,1,4.1666666666666668517e-01,'FINITE');
INSERT INTO "trial_intermediate_values" VALUES(2,2,1,9.58333333333333398096e-02,'FINITE');
INSERT INTO "trial_intermediate_values" VALUES(3,3,1,1.04166666666666671292e-01,'FINITE');
INSERT INTO "trial_intermediate_values" VALUES(4,1,2,0.6375,'FINITE');
INSERT INTO "trial_intermediate_values" VALUES(5,2,2,9.58333333333333398096e-02,'FINITE');
INSERT INTO "trial_intermediate_values" VALUES(6,3,2,1.04166666666666671292e-01,'FINITE');
INSERT INTO "trial_intermediate_values" VALUES(7,1,3,8.58333333333333281522e-01,'FINITE');
INSERT INTO "trial_intermediate_values" VALUES(8,3,3,1.04166666666666671292e-01,'FINITE');
INSERT INTO "trial_intermediate_values" VALUES(9,4,1,0.1,'FINITE');
INSERT INTO "trial_intermediate_values" VALUES(10,1,4,7.29166666666666629659e-01,'FINITE');
INSERT INTO "trial_intermediate_values" VALUES(11,3,4,1.04166666666666671292e-01,'FINITE');
INSERT INTO "trial_intermediate_values" VALUES(12,5,1,9.58333333333333398096e-02,'FINITE');
INSERT INTO "trial_intermediate_values" VALUES(13,5,2,9.58333333333333398096e-02,'FINITE');
INSERT INTO "trial_intermediate_values" VALUES(14,6,1,0.1,'FINITE');
INSERT INTO "trial_intermediate_values" VALUES(15,7,1,0.1,'FINITE');
INSERT INTO "trial_intermediate_values" VALUES(16,6,2,0.1,'FINITE');
INSERT INTO "trial_intermediate_values" VALUES(17,7,2,0.1,'FINITE');
INSERT INTO "trial_intermediate_values" VALUES(18,8,1,0.1,'FINITE');
INSERT INTO "trial_intermediate_values" VALUES(19,6,3,0.1,'FINITE');
INSERT INTO "trial_intermediate_values" VALUES(20,8,2,0.1,'FINITE');
INSERT INTO "trial_intermediate_values" VALUES(21,9,1,0.1,'FINITE');
INSERT INTO "trial_intermediate_values" VALUES(22,6,4,1.16666666666666668517e-01,'FINITE');
INSERT INTO "trial_intermediate_values" VALUES(23,10,1,4.1666666666666668517e-01,'FINITE');
INSERT INTO "trial_intermediate_values" VALUES(24,10,2,0.6375,'FINITE');
INSERT INTO "trial_intermediate_values" VALUES(25,10,3,8.58333333333333281522e-01,'FINITE');
INSERT INTO "trial_intermediate_values" VALUES(26,10,4,7.29166666666666629659e-01,'FINITE');
INSERT INTO "trial_intermediate_values" VALUES(27,11,1,9.58333333333333398096e-02,'FINITE');
INSERT INTO "trial_intermediate_values" VALUES(28,11,2,9.58333333333333398096e-02,'FINITE');
INSERT INTO "trial_intermediate_values" VALUES(29,12,1,1.04166666666666671292e-01,'FINITE');
INSERT INTO "trial_intermediate_values" VALUES(30,12,2,1.04166666666666671292e-01,'FINITE');
INSERT INTO "trial_intermediate_values" VALUES(31,12,3,1.04166666666666671292e-01,'FINITE');
INSERT INTO "trial_intermediate_values" VALUES(32,12,4,1.04166666666666671292e-01,'FINITE');
INSERT INTO "trial_intermediate_values" VALUES(33,13,1,0.1,'FINITE');
INSERT INTO "trial_intermediate_values" VALUES(34,14,1,9.58333333333333398096e-02,'FINITE');
INSERT INTO "trial_intermediate_values" VALUES(35,14,2,9.58333333333333398096e-02,'FINITE');
INSERT INTO "trial_intermediate_values" VALUES(36,15,1,0.1,'FINITE');
INSERT INTO "trial_intermediate_values" VALUES(37,15,2,0.1,'FINITE');
INSERT INTO "trial_intermediate_values" VALUES(38,15,3,0.1,'FINITE');
INSERT INTO "trial_intermediate_values" VALUES(39,15,4,1.16666666666666668517e-01,'FINITE');
INSERT INTO "trial_intermediate_values" VALUES(40,16,1,0.1,'FINITE');
INSERT INTO "trial_intermediate_values" VALUES(41,16,2,0.1,'FINITE');
INSERT INTO "trial_intermediate_values" VALUES(42,17,1,0.1,'FINITE');
INSERT INTO "trial_intermediate_values" VALUES(43,17,2,0.1,'FINITE');
INSERT INTO "trial_intermediate_values" VALUES(44,18,1,0.1,'FINITE');
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
INSERT INTO "trial_params" VALUES(1,1,'learning_rate',0.1,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.001, "high": 1000000000.0, "log": true}}');
INSERT INTO "trial_params" VALUES(2,1,'hidden',8.0,'{"name": "IntDistribution", "attributes": {"log": false, "step": 1, "low": 4, "high": 8}}');
INSERT INTO "trial_params" VALUES(3,1,'weight_decay',1.0e-07,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 1e-07, "high": 0.01, "log": true}}');
INSERT INTO "trial_params" VALUES(4,2,'hidden',5.0,'{"name": "IntDistribution", "attributes": {"log": false, "step": 1, "low": 4, "high": 8}}');
INSERT INTO "trial_params" VALUES(5,2,'learning_rate',7.53874862285765702822e+04,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.001, "high": 1000000000.0, "log": true}}');
INSERT INTO "trial_params" VALUES(6,2,'weight_decay',1.12862651071482275881e-07,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 1e-07, "high": 0.01, "log": true}}');
INSERT INTO "trial_params" VALUES(7,3,'hidden',6.0,'{"name": "IntDistribution", "attributes": {"log": false, "step": 1, "low": 4, "high": 8}}');
INSERT INTO "trial_params" VALUES(8,3,'learning_rate',3.51184600705717969043e+02,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.001, "high": 1000000000.0, "log": true}}');
INSERT INTO "trial_params" VALUES(9,3,'weight_decay',2.74928925591422511657e-05,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 1e-07, "high": 0.01, "log": true}}');
INSERT INTO "trial_params" VALUES(10,4,'hidden',5.0,'{"name": "IntDistribution", "attributes": {"log": false, "step": 1, "low": 4, "high": 8}}');
INSERT INTO "trial_params" VALUES(11,4,'learning_rate',1.86158834589332863691e+07,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.001, "high": 1000000000.0, "log": true}}');
INSERT INTO "trial_params" VALUES(12,4,'weight_decay',6.85907898040174482043e-04,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 1e-07, "high": 0.01, "log": true}}');
INSERT INTO "trial_params" VALUES(13,5,'hidden',6.0,'{"name": "IntDistribution", "attributes": {"log": false, "step": 1, "low": 4, "high": 8}}');
INSERT INTO "trial_params" VALUES(14,5,'learning_rate',6.88930971883399911881e-01,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.001, "high": 1000000000.0, "log": true}}');
INSERT INTO "trial_params" VALUES(15,5,'weight_decay',9.27269201222535258827e-04,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 1e-07, "high": 0.01, "log": true}}');
INSERT INTO "trial_params" VALUES(16,6,'hidden',4.0,'{"name": "IntDistribution", "attributes": {"log": false, "step": 1, "low": 4, "high": 8}}');
INSERT INTO "trial_params" VALUES(17,6,'learning_rate',5.71208700295135929358e-01,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.001, "high": 1000000000.0, "log": true}}');
INSERT INTO "trial_params" VALUES(18,6,'weight_decay',2.56230939041354052678e-06,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 1e-07, "high": 0.01, "log": true}}');
INSERT INTO "trial_params" VALUES(19,7,'hidden',4.0,'{"name": "IntDistribution", "attributes": {"log": false, "step": 1, "low": 4, "high": 8}}');
INSERT INTO "trial_params" VALUES(20,7,'learning_rate',6.61186914664410664956e+02,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.001, "high": 1000000000.0, "log": true}}');
INSERT INTO "trial_params" VALUES(21,7,'weight_decay',8.41873271268642241541e-04,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 1e-07, "high": 0.01, "log": true}}');
INSERT INTO "trial_params" VALUES(22,8,'hidden',7.0,'{"name": "IntDistribution", "attributes": {"log": false, "step": 1, "low": 4, "high": 8}}');
INSERT INTO "trial_params" VALUES(23,8,'learning_rate',1.80290457364472700872e+02,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.001, "high": 1000000000.0, "log": true}}');
INSERT INTO "trial_params" VALUES(24,8,'weight_decay',1.07131514050365887627e-04,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 1e-07, "high": 0.01, "log": true}}');
INSERT INTO "trial_params" VALUES(25,9,'hidden',8.0,'{"name": "IntDistribution", "attributes": {"log": false, "step": 1, "low": 4, "high": 8}}');
INSERT INTO "trial_params" VALUES(26,9,'learning_rate',1.47567524996965564786e+06,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.001, "high": 1000000000.0, "log": true}}');
INSERT INTO "trial_params" VALUES(27,9,'weight_decay',5.18052202763385779378e-06,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 1e-07, "high": 0.01, "log": true}}');
INSERT INTO "trial_params" VALUES(28,10,'learning_rate',0.1,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.001, "high": 1000000000.0, "log": true}}');
INSERT INTO "trial_params" VALUES(29,10,'hidden',8.0,'{"name": "IntDistribution", "attributes": {"log": false, "step": 1, "low": 4, "high": 8}}');
INSERT INTO "trial_params" VALUES(30,10,'weight_decay',1.0e-07,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 1e-07, "high": 0.01, "log": true}}');
INSERT INTO "trial_params" VALUES(31,11,'hidden',5.0,'{"name": "IntDistribution", "attributes": {"log": false, "step": 1, "low": 4, "high": 8}}');
INSERT INTO "trial_params" VALUES(32,11,'learning_rate',7.53874862285765702822e+04,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.001, "high": 1000000000.0, "log": true}}');
INSERT INTO "trial_params" VALUES(33,11,'weight_decay',1.12862651071482275881e-07,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 1e-07, "high": 0.01, "log": true}}');
INSERT INTO "trial_params" VALUES(34,12,'hidden',6.0,'{"name": "IntDistribution", "attributes": {"log": false, "step": 1, "low": 4, "high": 8}}');
INSERT INTO "trial_params" VALUES(35,12,'learning_rate',3.51184600705717969043e+02,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.001, "high": 1000000000.0, "log": true}}');
INSERT INTO "trial_params" VALUES(36,12,'weight_decay',2.74928925591422511657e-05,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 1e-07, "high": 0.01, "log": true}}');
INSERT INTO "trial_params" VALUES(37,13,'hidden',5.0,'{"name": "IntDistribution", "attributes": {"log": false, "step": 1, "low": 4, "high": 8}}');
INSERT INTO "trial_params" VALUES(38,13,'learning_rate',1.86158834589332863691e+07,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.001, "high": 1000000000.0, "log": true}}');
INSERT INTO "trial_params" VALUES(39,13,'weight_decay',6.85907898040174482043e-04,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 1e-07, "high": 0.01, "log": true}}');
INSERT INTO "trial_params" VALUES(40,14,'hidden',6.0,'{"name": "IntDistribution", "attributes": {"log": false, "step": 1, "low": 4, "high": 8}}');
INSERT INTO "trial_params" VALUES(41,14,'learning_rate',6.88930971883399911881e-01,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.001, "high": 1000000000.0, "log": true}}');
INSERT INTO "trial_params" VALUES(42,14,'weight_decay',9.27269201222535258827e-04,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 1e-07, "high": 0.01, "log": true}}');
INSERT INTO "trial_params" VALUES(43,15,'hidden',4.0,'{"name": "IntDistribution", "attributes": {"log": false, "step": 1, "low": 4, "high": 8}}');
INSERT INTO "trial_params" VALUES(44,15,'learning_rate',5.71208700295135929358e-01,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.001, "high": 1000000000.0, "log": true}}');
INSERT INTO "trial_params" VALUES(45,15,'weight_decay',2.56230939041354052678e-06,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 1e-07, "high": 0.01, "log": true}}');
INSERT INTO "trial_params" VALUES(46,16,'hidden',4.0,'{"name": "IntDistribution", "attributes": {"log": false, "step": 1, "low": 4, "high": 8}}');
INSERT INTO "trial_params" VALUES(47,16,'learning_rate',6.61186914664410664956e+02,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.001, "high": 1000000000.0, "log": true}}');
INSERT INTO "trial_params" VALUES(48,16,'weight_decay',8.41873271268642241541e-04,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 1e-07, "high": 0.01, "log": true}}');
INSERT INTO "trial_params" VALUES(49,17,'hidden',7.0,'{"name": "IntDistribution", "attributes": {"log": false, "step": 1, "low": 4, "high": 8}}');
INSERT INTO "trial_params" VALUES(50,17,'learning_rate',1.80290457364472700872e+02,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.001, "high": 1000000000.0, "log": true}}');
INSERT INTO "trial_params" VALUES(51,17,'weight_decay',1.07131514050365887627e-04,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 1e-07, "high": 0.01, "log": true}}');
INSERT INTO "trial_params" VALUES(52,18,'hidden',8.0,'{"name": "IntDistribution", "attributes": {"log": false, "step": 1, "low": 4, "high": 8}}');
INSERT INTO "trial_params" VALUES(53,18,'learning_rate',1.47567524996965564786e+06,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.001, "high": 1000000000.0, "log": true}}');
INSERT INTO "trial_params" VALUES(54,18,'weight_decay',5.18052202763385779378e-06,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 1e-07, "high": 0.01, "log": true}}');
CREATE TABLE trial_system_attributes (
	trial_system_attribute_id INTEGER NOT NULL, 
	trial_id INTEGER, 
	"key" VARCHAR(512), 
	value_json TEXT, 
	PRIMARY KEY (trial_system_attribute_id), 
	UNIQUE (trial_id, "key"), 
	FOREIGN KEY(trial_id) REFERENCES trials (trial_id)
);
INSERT INTO "trial_system_attributes" VALUES(1,19,'fixed_params','{"hidden": 12}');
CREATE TABLE trial_user_attributes (
	trial_user_attribute_id INTEGER NOT NULL, 
	trial_id INTEGER, 
	"key" VARCHAR(512), 
	value_json TEXT, 
	PRIMARY KEY (trial_user_attribute_id), 
	UNIQUE (trial_id, "key"), 
	FOREIGN KEY(trial_id) REFERENCES trials (trial_id)
);
INSERT INTO "trial_user_attributes" VALUES(1,1,'joined','1');
INSERT INTO "trial_user_attributes" VALUES(2,1,'baseline','"known"');
INSERT INTO "trial_user_attributes" VALUES(3,2,'joined','1');
INSERT INTO "trial_user_attributes" VALUES(4,3,'joined','1');
INSERT INTO "trial_user_attributes" VALUES(5,4,'joined','3');
INSERT INTO "trial_user_attributes" VALUES(6,4,'diverged_at','1');
INSERT INTO "trial_user_attributes" VALUES(7,5,'joined','4');
INSERT INTO "trial_user_attributes" VALUES(8,6,'joined','5');
INSERT INTO "trial_user_attributes" VALUES(9,7,'joined','5');
INSERT INTO "trial_user_attributes" VALUES(10,8,'joined','6');
INSERT INTO "trial_user_attributes" VALUES(11,9,'joined','7');
INSERT INTO "trial_user_attributes" VALUES(12,9,'diverged_at','1');
INSERT INTO "trial_user_attributes" VALUES(13,10,'baseline','"known"');
INSERT INTO "trial_user_attributes" VALUES(14,10,'joined','1');
INSERT INTO "trial_user_attributes" VALUES(15,11,'joined','1');
INSERT INTO "trial_user_attributes" VALUES(16,12,'joined','1');
INSERT INTO "trial_user_attributes" VALUES(17,13,'diverged_at','1');
INSERT INTO "trial_user_attributes" VALUES(18,13,'joined','3');
INSERT INTO "trial_user_attributes" VALUES(19,14,'joined','4');
INSERT INTO "trial_user_attributes" VALUES(20,15,'joined','5');
INSERT INTO "trial_user_attributes" VALUES(21,16,'joined','5');
INSERT INTO "trial_user_attributes" VALUES(22,17,'joined','6');
INSERT INTO "trial_user_attributes" VALUES(23,18,'diverged_at','1');
INSERT INTO "trial_user_attributes" VALUES(24,18,'joined','7');
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
INSERT INTO "trial_values" VALUES(1,2,0,9.58333333333333398096e-02,'FINITE');
INSERT INTO "trial_values" VALUES(2,1,0,8.58333333333333281522e-01,'FINITE');
INSERT INTO "trial_values" VALUES(3,3,0,1.04166666666666671292e-01,'FINITE');
INSERT INTO "trial_values" VALUES(4,5,0,9.58333333333333398096e-02,'FINITE');
INSERT INTO "trial_values" VALUES(5,7,0,0.1,'FINITE');
INSERT INTO "trial_values" VALUES(6,8,0,0.1,'FINITE');
INSERT INTO "trial_values" VALUES(7,6,0,1.16666666666666668517e-01,'FINITE');
INSERT INTO "trial_values" VALUES(8,10,0,8.58333333333333281522e-01,'FINITE');
INSERT INTO "trial_values" VALUES(9,11,0,9.58333333333333398096e-02,'FINITE');
INSERT INTO "trial_values" VALUES(10,12,0,1.04166666666666671292e-01,'FINITE');
INSERT INTO "trial_values" VALUES(11,14,0,9.58333333333333398096e-02,'FINITE');
INSERT INTO "trial_values" VALUES(12,15,0,1.16666666666666668517e-01,'FINITE');
INSERT INTO "trial_values" VALUES(13,16,0,0.1,'FINITE');
INSERT INTO "trial_values" VALUES(14,17,0,0.1,'FINITE');
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
INSERT INTO "trials" VALUES(1,0,1,'COMPLETE','2026-11-25 17:16:38.956347','2026-11-25 17:16:39.112055');
INSERT INTO "trials" VALUES(2,1,1,'PRUNED','2026-11-25 17:16:38.956347','2026-11-25 17:16:39.040884');
INSERT INTO "trials" VALUES(3,2,1,'COMPLETE','2026-11-25 17:16:38.956347','2026-11-25 17:16:39.112055');
INSERT INTO "trials" VALUES(4,3,1,'PRUNED','2026-11-25 17:16:39.043581','2026-11-25 17:16:39.080807');
INSERT INTO "trials" VALUES(5,4,1,'PRUNED','2026-11-25 17:16:39.082820','2026-11-25 17:16:39.152490');
INSERT INTO "trials" VALUES(6,5,1,'COMPLETE','2026-11-25 17:16:39.114759','2026-11-25 17:16:39.250133');
INSERT INTO "trials" VALUES(7,6,1,'PRUNED','2026-11-25 17:16:39.114759','2026-11-25 17:16:39.179138');
INSERT INTO "trials" VALUES(8,7,1,'PRUNED','2026-11-25 17:16:39.154373','2026-11-25 17:16:39.216818');
INSERT INTO "trials" VALUES(9,8,1,'PRUNED','2026-11-25 17:16:39.185296','2026-11-25 17:16:39.216818');
INSERT INTO "trials" VALUES(10,0,2,'COMPLETE','2026-11-25 17:16:38.956347','2026-11-25 17:16:39.112055');
INSERT INTO "trials" VALUES(11,1,2,'PRUNED','2026-11-25 17:16:38.956347','2026-11-25 17:16:39.040884');
INSERT INTO "trials" VALUES(12,2,2,'COMPLETE','2026-11-25 17:16:38.956347','2026-11-25 17:16:39.112055');
INSERT INTO "trials" VALUES(13,3,2,'PRUNED','2026-11-25 17:16:39.043581','2026-11-25 17:16:39.080807');
INSERT INTO "trials" VALUES(14,4,2,'PRUNED','2026-11-25 17:16:39.082820','2026-11-25 17:16:39.152490');
INSERT INTO "trials" VALUES(15,5,2,'COMPLETE','2026-11-25 17:16:39.114759','2026-11-25 17:16:39.250133');
INSERT INTO "trials" VALUES(16,6,2,'PRUNED','2026-11-25 17:16:39.114759','2026-11-25 17:16:39.179138');
INSERT INTO "trials" VALUES(17,7,2,'PRUNED','2026-11-25 17:16:39.154373','2026-11-25 17:16:39.216818');
INSERT INTO "trials" VALUES(18,8,2,'PRUNED','2026-11-25 17:16:39.185296','2026-11-25 17:16:39.216818');
INSERT INTO "trials" VALUES(19,9,1,'WAITING',NULL,NULL);
CREATE TABLE version_info (
	version_info_id INTEGER NOT NULL, 
	schema_version INTEGER, 
	library_version VARCHAR(256), 
	PRIMARY KEY (version_info_id), 
	CHECK (version_info_id=1)
);
INSERT INTO "version_info" VALUES(1,12,'5.0.0');
CREATE UNIQUE INDEX ix_studies_study_name ON studies (study_name);
CREATE INDEX ix_trials_study_id ON trials (study_id);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('studyhall_studies',1);
INSERT INTO "sqlite_sequence" VALUES('studyhall_ledger',1);
COMMIT;
